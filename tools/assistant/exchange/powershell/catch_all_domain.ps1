$Accepted = Get-AcceptedDomain | Where-Object { $_.DomainName -eq $CatchAllDomain }
if (-not $Accepted) {
    throw ('{0} is not an accepted domain of the organization that you are signed in to.' -f $CatchAllDomain)
}
# Internal relay without our rule means that another mail system has mailboxes of this domain: their email would be taken.
$Rule = Get-TransportRule | Where-Object { $_.Name -eq $RuleName }
if ($Accepted.DomainType -ne 'Authoritative' -and -not $Rule) {
    throw ('{0} is not authoritative: another mail system has mailboxes of it. Use a sub-domain for Odoo.' -f $CatchAllDomain)
}
# A group of everybody who has an address in Exchange, which the rule leaves alone. Nobody finds it or writes to it.
if (-not (Get-DynamicDistributionGroup -Identity $KnownName -ErrorAction SilentlyContinue)) {
    New-DynamicDistributionGroup -Name $KnownName -IncludedRecipients AllRecipients | Out-Null
}
Set-DynamicDistributionGroup -Identity $KnownName -HiddenFromAddressListsEnabled $true -AcceptMessagesOnlyFrom $Mailbox
# Exchange works out the members within 24 hours, and every 24 hours from then on. Until it has, the rule would take the
# email of everybody, so that the script stops here. A new user's email is taken until the next time.
$Members = @(Get-DynamicDistributionGroupMember -Identity $KnownName -ResultSize Unlimited).PrimarySmtpAddress
if ($Members -notcontains (Get-Mailbox -Identity $Mailbox).PrimarySmtpAddress) {
    Write-Warning ('Exchange has not worked out the members of {0} yet. Run this script again in a few hours.' -f $KnownName)
    return
}
# Redirect email for anybody else to the mailbox, also that of your own users, who reply to Odoo as well.
$Settings = @{
    RecipientDomainIs = $CatchAllDomain
    ExceptIfSentToMemberOf = $KnownName
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
