# Take the role from the app first, then its scope, and the group last, as each needs the next.
if (Get-ManagementRoleAssignment | Where-Object { $_.Name -eq $SendersName }) {
    Remove-ManagementRoleAssignment -Identity $SendersName -Confirm:$false
}
if (Get-ManagementScope | Where-Object { $_.Name -eq $SendersName }) {
    Remove-ManagementScope -Identity $SendersName -Confirm:$false
}
if (Get-DistributionGroup -Identity $SendersName -ErrorAction SilentlyContinue) {
    # The members leave SMTP AUTH to the organization's own switch again.
    foreach ($Sender in $Senders) {
        Set-CASMailbox -Identity $Sender -SmtpClientAuthenticationDisabled $null
    }
    Remove-DistributionGroup -Identity $SendersName -Confirm:$false
}
# Make Exchange forget the app, with every mailbox that it was given. Entra keeps the app registration.
$App = Get-ServicePrincipal | Where-Object { $_.AppId -eq $ClientId }
if ($App) {
    Remove-ServicePrincipal -Identity $App.ObjectId -Confirm:$false
}
