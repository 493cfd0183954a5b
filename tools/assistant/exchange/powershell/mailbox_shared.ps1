# Make the mailbox as a shared mailbox, if nobody has this address. It needs no license up to 50 GB.
if (-not (Get-Mailbox -Identity $Mailbox -ErrorAction SilentlyContinue)) {
    $Made = New-Mailbox -Shared -Name $Name -DisplayName $Name -PrimarySmtpAddress $Mailbox
    # The undo script removes only a mailbox with this note.
    Set-User -Identity $Made.Guid -Notes $Note
}
