# Accept email for anyone from these IP addresses. Use only addresses that nobody else sends from: whoever does can send as
# your organization. The connector must be of the type OnPremises, the only one that relays.
$Settings = @{
    SenderDomains = '*'
    SenderIPAddresses = $IPAddresses
}
if (Get-InboundConnector | Where-Object { $_.Name -eq $ConnectorName }) {
    # The connector is there already: give it the addresses of today.
    Set-InboundConnector -Identity $ConnectorName -Enabled $true @Settings
} else {
    New-InboundConnector -Name $ConnectorName -ConnectorType OnPremises -Comment $Note @Settings | Out-Null
}
# Show what is in force.
Get-InboundConnector -Identity $ConnectorName | Format-List -Property 'Name', 'Enabled', 'ConnectorType', 'SenderIPAddresses'
