$App = Get-ServicePrincipal | Where-Object { $_.AppId -eq $ClientId }
if ($App) {
    # Take the mailbox from the app.
    Remove-MailboxPermission -Identity $Mailbox -User $App.Identity -AccessRights FullAccess -Confirm:$false
    # Make Exchange forget the app, with every mailbox that it was given. Entra keeps the app registration.
    Remove-ServicePrincipal -Identity $App.ObjectId -Confirm:$false
}
