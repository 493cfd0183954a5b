# Make the mailbox as a shared mailbox, if nobody has this address. It needs no license up to 50 GB.
if (-not (Get-Mailbox -Identity $Mailbox -ErrorAction SilentlyContinue)) {
    New-Mailbox -Shared -Name $Name -DisplayName $Name -PrimarySmtpAddress $Mailbox | Out-Null
    # The undo script removes only a mailbox with this note.
    Set-User -Identity $Mailbox -Notes $Note
}
