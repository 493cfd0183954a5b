# Make the mailbox as a user, if nobody has this address. Then assign a license with Exchange Online to the user:
# Microsoft 365 admin center > Users > Active users > the user > Licenses and apps.
if (-not (Get-Mailbox -Identity $Mailbox -ErrorAction SilentlyContinue)) {
    $Password = Read-Host -AsSecureString -Prompt ('A password for {0}' -f $Mailbox)
    $Made = New-Mailbox -Name $Name -DisplayName $Name -MicrosoftOnlineServicesID $Mailbox -Password $Password
    # The undo script removes only a mailbox with this note.
    Set-User -Identity $Made.Guid -Notes $Note
}
