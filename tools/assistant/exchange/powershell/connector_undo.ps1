# Remove the connector: from then on Exchange relays nothing for Odoo.
if (Get-InboundConnector | Where-Object { $_.Name -eq $ConnectorName }) {
    Remove-InboundConnector -Identity $ConnectorName -Confirm:$false
}
