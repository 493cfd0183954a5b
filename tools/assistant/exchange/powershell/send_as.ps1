# Let the mailbox send as each address. An address that Exchange refuses is told at the end, and the others go on.
$Count = 0
$Refused = @()
foreach ($Address in $Addresses) {
    Write-Progress -Activity 'Send As' -Status $Address -PercentComplete (100 * $Count / $Addresses.Count)
    try {
        if (-not (Get-RecipientPermission -Identity $Address -Trustee $Mailbox -AccessRights SendAs)) {
            Add-RecipientPermission -Identity $Address -Trustee $Mailbox -AccessRights SendAs -Confirm:$false | Out-Null
        }
    } catch {
        $Refused += ('{0}: {1}' -f $Address, $_.Exception.Message)
    }
    $Count += 1
}
Write-Progress -Activity 'Send As' -Completed
# It can take an hour until Exchange applies a permission.
Write-Output ('{0} addresses, {1} refused.' -f $Addresses.Count, $Refused.Count)
$Refused
