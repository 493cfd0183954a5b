# Let the app open this mailbox, and no other. Exchange only warns about a permission that is there already.
$Permission = Get-MailboxPermission -Identity $Mailbox -User $App.Identity -ErrorAction SilentlyContinue
if ($Permission.AccessRights -notcontains 'FullAccess') {
    Add-MailboxPermission -Identity $Mailbox -User $App.Identity -AccessRights FullAccess -AutoMapping $false | Out-Null
}
# Show what is in force. It can take two hours until the app can sign in.
Get-MailboxPermission -Identity $Mailbox | Format-Table -Property 'User', 'AccessRights'
