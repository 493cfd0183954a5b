# The app sends for the direct members of this group.
if (-not (Get-DistributionGroup -Identity $SendersName -ErrorAction SilentlyContinue)) {
    New-DistributionGroup -Name $SendersName -Type Security | Out-Null
}
$Members = @(Get-DistributionGroupMember -Identity $SendersName -ResultSize Unlimited).PrimarySmtpAddress
foreach ($Sender in $Senders) {
    if ($Members -notcontains $Sender) {
        Add-DistributionGroupMember -Identity $SendersName -Member $Sender
    }
    # Allow SMTP AUTH for this mailbox alone.
    if ((Get-CASMailbox -Identity $Sender).SmtpClientAuthenticationDisabled -ne $false) {
        Set-CASMailbox -Identity $Sender -SmtpClientAuthenticationDisabled $false
    }
}
# A management scope says which mailboxes: the members of the group.
if (-not (Get-ManagementScope | Where-Object { $_.Name -eq $SendersName })) {
    $Group = (Get-DistributionGroup -Identity $SendersName).DistinguishedName.Replace('''', '''''')
    New-ManagementScope -Name $SendersName -RecipientRestrictionFilter ('MemberOfGroup -eq ''{0}''' -f $Group) | Out-Null
}
# Give the app the role for this scope. The app must not have any API permission in Entra as well: with SMTP.SendAsApp,
# Exchange asks for access to each mailbox again.
if (-not (Get-ManagementRoleAssignment | Where-Object { $_.Name -eq $SendersName })) {
    $Role = 'Application SMTP.SendAsApp'
    New-ManagementRoleAssignment -Name $SendersName -Role $Role -App $App.ObjectId -CustomResourceScope $SendersName | Out-Null
}
# InScope must be True. It can take two hours until the app can sign in.
Test-ServicePrincipalAuthorization -Identity $App.ObjectId -Resource $Mailbox | Format-Table
