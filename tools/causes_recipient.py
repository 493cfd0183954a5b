"""Why a relay or a recipient is refused. Earlier rows win. Order and numbers: the project's Exchange reference, 5.3."""

from __future__ import annotations

from typing import Final

from .causes import Cause, _lt, says, status

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "greylisted",
        (status("4.7.500-699"), status("4.7.850-899")),
        _lt("Nothing: Microsoft does not know this Odoo server yet and lets it wait, Odoo tries again. It ends sooner with an inbound"
            " connector: Exchange admin center > Mail flow > Connectors."),
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
        _lt("A partner connector takes mail of your domain from other addresses or certificates only. Add this Odoo server to it:"
            " Set-InboundConnector -Identity <connector> -SenderIPAddresses @{Add='<public address of Odoo>'}"),
        "RELAY",
    ),
    Cause(
        "relay_denied",
        (status("5.7.54"), status("5.7.1", "unable to relay"), says("unable to relay")),
        _lt("The server relays to its own domains only. Use the preset with sign-in on port 587, or create an inbound connector:"
            " Exchange admin center > Mail flow > Connectors."),
        "MFD",
    ),
    Cause(
        "relay_denied",
        (status("4.4.62"), says("wrong Office 365 region")),
        _lt("The host in Settings > Technical > Outgoing Mail Servers belongs to another organization or region. Copy the MX host of"
            " your domain from Microsoft 365 admin center > Settings > Domains > DNS records."),
        "PRN",
    ),
    # "Relay Access Denied" holds "access denied", so it is asked first.
    Cause(
        "relay_denied",
        (status("5.4.1", "relay access"),),
        _lt("This host does not take mail for the recipient's domain. Copy the MX host of your own domain from Microsoft 365 admin center >"
            " Settings > Domains > DNS records to Settings > Technical > Outgoing Mail Servers."),
        "NDR",
    ),
    Cause(
        "direct_send_rejected",
        (status("5.7.68"), says("Direct Send not allowed")),
        _lt("Your organization refuses mail of its own domains that no connector vouches for. Run: New-InboundConnector -Name Odoo"
            " -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses <public address of Odoo>"),
        "RDS",
    ),
    Cause(
        "recipient_unknown",
        (status("5.4.1"),),
        _lt("Your organization has no recipient with this address. Create it (Exchange admin center > Recipients), or let unknown addresses"
            " pass: Set-AcceptedDomain -Identity <domain> -DomainType InternalRelay"),
        "DBEB",
    ),
    Cause(
        "recipient_unknown",
        (status("5.1.0-3"), status("5.1.6"), status("5.1.10"), status("5.4.310"), says("RecipientNotFound"), says("RecipNotFound")),
        _lt("The recipient's address does not exist. Correct it on the contact in Odoo (Contacts > Email)."),
        "NDR",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.703"), says("Tenant Allow Block List")),
        _lt("Your organization blocks a recipient of the mail. Remove the entry: Defender portal > Email & collaboration >"
            " Policies & rules > Threat policies > Tenant Allow/Block Lists."),
        "NDR2",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.12"), status("5.7.133"), status("5.7.134"), status("5.7.136"), status("5.7.1", "SenderNotAuthenticated"),
         says("SenderNotAuthenticated")),
        _lt("The recipient takes mail from inside its organization only. If it is yours, run: Set-DistributionGroup -Identity <address>"
            " -RequireSenderAuthenticationEnabled $false (or Set-Mailbox for a mailbox)."),
        "NDR",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.124"), status("5.7.1", "RESOLVER.RST")),
        _lt("The recipient takes mail from listed senders only. If it is yours, run: Set-DistributionGroup -Identity <address>"
            " -AcceptMessagesOnlyFromSendersOrMembers @{Add='<mailbox>'}"),
        "NDR",
    ),
    # Coded 550, but the limits are counted by the hour.
    Cause(
        "recipient_busy",
        (status("5.2.121"), status("5.2.122")),
        _lt("The recipient got more mails this hour than Exchange allows, Odoo tries again. Let fewer notifications go to it:"
            " Preferences > Notification."),
        "NDR",
        retry_after=3600,
    ),
    Cause(
        "recipient_busy",
        (status("4.2.1"), status("4.2.2")),
        _lt("Nothing: the recipient's mailbox takes no mail now, Odoo tries again. Exchange admin center > Recipients shows whether it is"
            " full, if it is yours."),
        "RFC 3463",
    ),
    Cause(
        "routing_loop",
        (status("5.4.14"), status("5.4.6"), status("4.4.6"), says("hop count exceeded"), says("routing loop detected")),
        _lt("The mail goes round in circles, mostly for a domain of type InternalRelay without a rule or connector for unknown addresses."
            " Check Get-AcceptedDomain and Exchange admin center > Mail flow > Rules."),
        "NDR",
    ),
    Cause(
        "hve_internal_only",
        (status("5.5.105"),),
        _lt("High Volume Email reaches recipients of your own organization only. Send other mail through a server with the preset for"
            " submission: Settings > Technical > Outgoing Mail Servers."),
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
    # 5.7.20 to 5.7.26: RFC 7372; 5.7.515: Microsoft's requirements for large senders.
    Cause(
        "sender_authentication_failed",
        (status("5.7.509"), status("5.7.515"), status("5.7.20-24"), status("5.7.26"), status("5.7.1", "DMARC"),
         says("does not pass DMARC"), says("Sender Policy Framework violation")),
        _lt("The sender's domain does not prove this mail. Correct its SPF, DKIM and DMARC records: Microsoft 365 admin center > Settings >"
            " Domains > DNS records, and Set-DkimSigningConfig -Identity <domain> -Enabled $true"),
        "NDR",
    ),
)

# No slug of their own: who reads about them has to look closer anyway.
OTHERS: Final[tuple[Cause, ...]] = (
    Cause(
        "unknown",
        (status("4.4.7"), status("5.4.300")),
        _lt("The recipient's server could not be reached for a day. Exchange admin center > Mail flow > Message trace shows why."),
        "NDR",
        final=True,  # the number of a delay, but said when Exchange gives up
    ),
    Cause(
        "unknown",
        (status("5.6.11"),),
        _lt("The mail holds characters that SMTP forbids, such as a bare line feed. Find the mail in Settings > Technical > Emails and"
            " report it as an error of this addon."),
        "NDR",
    ),
    Cause(
        "unknown",
        (status("5.6.7"),),
        _lt("A recipient's address has characters outside ASCII before its @, which the server does not take. Correct it on the contact"
            " in Odoo (Contacts > Email)."),
        "RFC 6531",
    ),
)
