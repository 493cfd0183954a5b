# Take Send on Behalf from the mailbox, for each address of this list.
$Refused = @()
foreach ($Address in $Addresses) {
    try {
        Set-Mailbox -Identity $Address -GrantSendOnBehalfTo @{Remove = $Mailbox}
    } catch {
        $Refused += ('{0}: {1}' -f $Address, $_.Exception.Message)
    }
}
$Refused
