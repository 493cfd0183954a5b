# Take Send As from the mailbox, for each address of this list.
$Refused = @()
foreach ($Address in $Addresses) {
    try {
        if (Get-RecipientPermission -Identity $Address -Trustee $Mailbox -AccessRights SendAs) {
            Remove-RecipientPermission -Identity $Address -Trustee $Mailbox -AccessRights SendAs -Confirm:$false
        }
    } catch {
        $Refused += ('{0}: {1}' -f $Address, $_.Exception.Message)
    }
}
$Refused
