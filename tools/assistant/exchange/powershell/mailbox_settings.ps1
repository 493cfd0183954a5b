# If Exchange does not find a mailbox that was just made, run the script again in some minutes.
$Client = Get-CASMailbox -Identity $Mailbox
# Allow SMTP AUTH for this mailbox alone; it counts more than the organization's own switch. Microsoft sign-in needs it, too.
if ($Client.SmtpClientAuthenticationDisabled -ne $false) {
    Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false
}
# Allow IMAP, with which Odoo fetches.
if (-not $Client.ImapEnabled) {
    Set-CASMailbox -Identity $Mailbox -ImapEnabled $true
}
# Keep no copy of each email in Sent Items: Odoo has them, and a mailbox that is full can no longer send.
if ((Get-Mailbox -Identity $Mailbox).MessageCopyForSMTPClientSubmissionEnabled -ne $false) {
    Set-Mailbox -Identity $Mailbox -MessageCopyForSMTPClientSubmissionEnabled $false
}
# Show what is in force.
Get-CASMailbox -Identity $Mailbox | Format-List -Property 'PrimarySmtpAddress', 'SmtpClientAuthenticationDisabled', 'ImapEnabled'
