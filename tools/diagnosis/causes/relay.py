"""Why a server takes no mail of this Odoo server for anybody outside, or waits with it. Earlier rows win.

Order and numbers: docs/exchange-online.md, 5.3. Other servers say these things with 5.7.1, or with a reply code alone.
"""

from __future__ import annotations

from typing import Final

from ..cause import Cause, _lt, any_of, says, status

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "greylisted",
        (status("4.7.500-699"), status("4.7.850-899"), *any_of("greylist", "graylist", "grey list", "gray list")),
        _lt("No action needed. The server does not know this Odoo server yet and makes it wait; Odoo will retry. At Microsoft it ends"
            " sooner with an inbound connector: Exchange admin center > Mail flow > Connectors."),
        "AS451",
    ),
    Cause(
        "relay_denied",
        (status("5.7.64", "ATTR36"),),
        _lt("Neither the sender's domain nor the certificate's is registered in your organization. Microsoft 365 admin center > Settings >"
            " Domains: add the domain; check with Get-AcceptedDomain."),
        "CERT",
    ),
    Cause(
        "relay_denied",
        (status("5.7.64"), says("TenantAttribution; Relay")),
        _lt("No inbound connector matches this Odoo server. Run: New-InboundConnector -Name Odoo -ConnectorType OnPremises"
            " -SenderDomains * -SenderIPAddresses <public address of Odoo>; or correct the one you have in Exchange admin center > Mail"
            " flow > Connectors."),
        "RELAY",
    ),
    Cause(
        "relay_denied",
        (status("5.7.51"),),
        _lt("A partner connector accepts mail from your domain only from other IP addresses or certificates. Add this Odoo server to it:"
            " Set-InboundConnector -Identity <connector> -SenderIPAddresses @{Add='<public address of Odoo>'}"),
        "RELAY",
    ),
    Cause(
        "relay_denied",
        (status("4.4.62"), says("wrong Office 365 region")),
        _lt("The host in Settings > Technical > Outgoing Mail Servers belongs to another organization or region. Copy the MX host of"
            " your domain from Microsoft 365 admin center > Settings > Domains > DNS records."),
        "PRN",
        final=True,
    ),
    Cause(
        "relay_denied",
        (status("4.4.4", "hosted tenant"), status("5.4.4", "hosted tenant")),
        _lt("Microsoft does not find a subscription with mailboxes for the recipient's domain. If it is yours, check Microsoft 365 admin"
            " center > Settings > Domains and Billing > Your products."),
        "NDR",
    ),
    # "Relay Access Denied" holds "access denied", so it is asked before the recipient's rows.
    Cause(
        "relay_denied",
        (status("5.4.1", "relay access"),),
        _lt("This host does not take mail for the recipient's domain. Copy the MX host of your own domain from Microsoft 365 admin center >"
            " Settings > Domains > DNS records to Settings > Technical > Outgoing Mail Servers."),
        "NDR",
    ),
    Cause(
        "relay_denied",
        (status("5.7.54"), *any_of("unable to relay", "relay access denied", "relaying denied", "relay denied", "relay not permitted",
                                   "not permitted to relay", "not allowed to relay", "relaying not allowed", "relaying is prohibited",
                                   "do not relay", "relay is not allowed", "relaying not permitted")),
        _lt("The server relays to its own domains only. Use the preset with sign-in on port 587, or create an inbound connector:"
            " Exchange admin center > Mail flow > Connectors."),
        "MFD",
    ),
    Cause(
        "direct_send_rejected",
        (status("5.7.68"), says("Direct Send not allowed")),
        _lt("Your organization refuses mail from its own domains unless a connector vouches for it. Run: New-InboundConnector -Name Odoo"
            " -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses <public address of Odoo>"),
        "RDS",
    ),
    # 5.4.6 to 5.4.20: Microsoft's page of that name, without RFC 3463's "message expired" (5.4.7) and a depth that is no loop.
    Cause(
        "routing_loop",
        (status("5.4.14-20"), status("5.4.6"), status("4.4.6"), status("5.4.11"), status("5.3.5", "loop"),
         *any_of("hop count exceeded", "routing loop detected", "too many hops", "mail loop", "loops back to myself")),
        _lt("The mail is caught in a loop, usually because a domain of type InternalRelay has no rule or connector for unknown addresses."
            " Check Get-AcceptedDomain and Exchange admin center > Mail flow > Rules."),
        "NDR",
    ),
    Cause(
        "hve_internal_only",
        (status("5.5.105"),),
        _lt("High Volume Email reaches recipients of your own organization only, and is billed. Send other mail through a server with the"
            " preset for submission: Settings > Technical > Outgoing Mail Servers."),
        "HVE",
    ),
    Cause(
        "forwarding_blocked",
        (status("5.7.520"), says("does not allow external forwarding")),
        _lt("Your organization blocks automatic forwarding to outside. Allow it for this mailbox: New-HostedOutboundSpamFilterPolicy -Name"
            " Odoo -AutoForwardingMode On, then New-HostedOutboundSpamFilterRule -Name Odoo -HostedOutboundSpamFilterPolicy Odoo"
            " -From <mailbox>"),
        "FWD",
    ),
)
