$Accepted = Get-AcceptedDomain | Where-Object { $_.DomainName -eq $CatchAllDomain }
# A domain is added in the admin center only, which also gives its MX record.
if (-not $Accepted) {
    throw ('Add {0} first: Microsoft 365 admin center > Settings > Domains > Add domain. Then run this again.' -f $CatchAllDomain)
}
# Internal relay without our rule means that another mail system has mailboxes of this domain: their email would be taken.
$Rule = Get-TransportRule | Where-Object { $_.Name -eq $RuleName }
if ($Accepted.DomainType -ne 'Authoritative' -and -not $Rule) {
    throw ('{0} is not authoritative: another mail system has mailboxes of it. Use another sub-domain.' -f $CatchAllDomain)
}
# The rule below takes all email of the domain: stop if anybody has an address in it. This takes a minute for some thousand.
$Taken = Get-Recipient -ResultSize Unlimited | Where-Object { $_.EmailAddresses -like ('*@{0}' -f $CatchAllDomain) }
if ($Taken) {
    $First = ($Taken | Select-Object -First 1).PrimarySmtpAddress
    throw ('{0} has an address in {1}, whose email the rule would take.' -f $First, $CatchAllDomain)
}
# Redirect all email of the domain to the mailbox, also that of your own users, who reply to Odoo as well.
$Settings = @{
    RecipientDomainIs = $CatchAllDomain
    RedirectMessageTo = $Mailbox
}
if ($Rule) {
    # The rule is there already: give it the values of today.
    Set-TransportRule -Identity $RuleName @Settings
} else {
    New-TransportRule -Name $RuleName -Comments $Note @Settings | Out-Null
}
# Let Exchange accept addresses that it does not know. This comes last: without the rule, such email would loop.
if ($Accepted.DomainType -ne 'InternalRelay') {
    Set-AcceptedDomain -Identity $CatchAllDomain -DomainType InternalRelay
}
# Show what is in force. It can take an hour until Exchange applies the rule.
Get-AcceptedDomain -Identity $CatchAllDomain | Format-List -Property 'DomainName', 'DomainType'
Get-TransportRule -Identity $RuleName | Format-List -Property 'Name', 'State', 'Description'
