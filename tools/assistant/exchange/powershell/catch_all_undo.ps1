if (Get-TransportRule | Where-Object { $_.Name -eq $RuleName }) {
    # Refuse unknown addresses again. This comes first: without the rule, email for them would loop.
    Set-AcceptedDomain -Identity $CatchAllDomain -DomainType Authoritative
    Remove-TransportRule -Identity $RuleName -Confirm:$false
}
if (Get-DynamicDistributionGroup -Identity $KnownName -ErrorAction SilentlyContinue) {
    Remove-DynamicDistributionGroup -Identity $KnownName -Confirm:$false
}
