# Let the mailbox send on behalf of each address, which must be a mailbox. An address that Exchange refuses is told at the
# end, and the others go on.
$Count = 0
$Refused = @()
$Delegate = Get-Mailbox -Identity $Mailbox
foreach ($Address in $Addresses) {
    Write-Progress -Activity 'Send on Behalf' -Status $Address -PercentComplete (100 * $Count / $Addresses.Count)
    try {
        $Delegates = (Get-Mailbox -Identity $Address).GrantSendOnBehalfTo
        if ($Delegates -notcontains $Delegate.Name -and $Delegates -notcontains $Delegate.Identity) {
            Set-Mailbox -Identity $Address -GrantSendOnBehalfTo @{Add = $Mailbox}
        }
    } catch {
        $Refused += ('{0}: {1}' -f $Address, $_.Exception.Message)
    }
    $Count += 1
}
Write-Progress -Activity 'Send on Behalf' -Completed
# It can take an hour until Exchange applies a permission.
Write-Output ('{0} addresses, {1} refused.' -f $Addresses.Count, $Refused.Count)
$Refused
