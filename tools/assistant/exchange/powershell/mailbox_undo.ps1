if (Get-Mailbox -Identity $Mailbox -ErrorAction SilentlyContinue) {
    # Leave SMTP AUTH to the organization's own switch. IMAP stays on, as it is by default.
    Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $null
    # Keep copies in Sent Items again.
    Set-Mailbox -Identity $Mailbox -MessageCopyForSMTPClientSubmissionEnabled $true
    # Remove the mailbox with all its email, if the script made it. PowerShell asks first.
    $Made = (Get-Mailbox -Identity $Mailbox).Guid
    if ((Get-User -Identity $Made).Notes -eq $Note) {
        Remove-Mailbox -Identity $Mailbox -Confirm:$true
    }
}
