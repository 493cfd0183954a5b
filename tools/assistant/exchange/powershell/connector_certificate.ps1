# Accept email for anyone from a server that presents a certificate with this name. The name must be an accepted domain or
# one below it. The connector must be of the type OnPremises, the only one that relays.
$Settings = @{
    SenderDomains = '*'
    RequireTls = $true
    TlsSenderCertificateName = $CertificateName
}
if (Get-InboundConnector | Where-Object { $_.Name -eq $ConnectorName }) {
    # The connector is there already: give it the name of today.
    Set-InboundConnector -Identity $ConnectorName -Enabled $true @Settings
} else {
    New-InboundConnector -Name $ConnectorName -ConnectorType OnPremises -Comment $Note @Settings | Out-Null
}
# Show what is in force.
Get-InboundConnector -Identity $ConnectorName | Format-List -Property 'Name', 'Enabled', 'ConnectorType', 'TlsSenderCertificateName'
