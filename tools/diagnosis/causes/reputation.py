"""Why a server does not trust what it gets: the address it comes from, the domain it says it is of, or what is in it.

Earlier rows win. Exchange's codes are in the 5.7.5xx to 5.7.7xx; other servers say 5.7.1 or 5.7.0 for all of it, so their words tell
it apart. A list or a policy that is named outranks the kind of refusal ("Connection refused", "Service unavailable") around it.
"""

from __future__ import annotations

from typing import Final

from ..cause import Cause, _lt, any_of, says, status

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "recipient_restricted",
        (status("5.7.703"), says("Tenant Allow Block List"), says("tenant recipient block policy")),
        _lt("Your organization blocks a recipient of the mail. Remove the entry: Defender portal > Email & collaboration >"
            " Policies & rules > Threat policies > Tenant Allow/Block Lists."),
        "NDR2",
        of_object="message",  # it dies for all recipients
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.505"), status("5.7.507"), status("5.7.17-18"), says("banned recipient"), says("rejected by recipient"),
         says("blacklisted by recipient")),
        _lt("The recipient's organization refuses this mail. Ask the recipient to allow your sender; Exchange admin center > Mail flow >"
            " Message trace shows what it said."),
        "NDR",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.708"),),
        _lt("Microsoft accepts no mail from the address of this Odoo server. This happens mostly to trial organizations. Buy licenses, or "
            "ask for an"
            " exception: Microsoft 365 admin center > Support > Help & support."),
        "NDR2",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.25"), status("4.7.25"), says("reverse dns"), says("ptr record"), says("cannot find your hostname"),
         says("cannot find your reverse hostname")),
        _lt("The public address of this Odoo server has no reverse DNS record that fits. Have its provider set one, then check it"
            " (resolvectl query <public address of Odoo>) and press Settings > Technical > Outgoing Mail Servers > Test Connection."),
        "NDR",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.508"), status("5.7.510"), status("4.7.508"), status("4.7.510")),
        _lt("The recipient's organization accepts little or no mail over IPv6. Send through submission on port 587, or let the Odoo server"
            " reach the host in Settings > Technical > Outgoing Mail Servers over IPv4."),
        "NDR",
    ),
    # 5.7.20 to 5.7.29: RFC 7372 and others of IANA's list, without 5.7.25 and .27, .28; 5.7.515: Microsoft's rule for large senders;
    # 5.7.5: Yahoo's.
    Cause(
        "sender_authentication_failed",
        (status("5.7.509"), status("5.7.515"), status("5.7.20-24"), status("5.7.26"), status("5.7.29"), status("4.7.20-24"),
         status("4.7.26"), status("4.7.29"), status("5.7.5", "DKIM"), status("5.7.5", "DMARC"),
         *any_of("DMARC", "DKIM", "Sender Policy Framework", "SPF record", "SPF check", "SPF fail", "SPF validation", "SPF policy",
                 "fails SPF", "does not designate", "sender is unauthenticated", "unauthenticated email")),
        _lt("The sender's domain does not authenticate this mail. Correct its SPF, DKIM and DMARC records: Microsoft 365 admin center > "
            "Settings >"
            " Domains > DNS records, and Set-DkimSigningConfig -Identity <domain> -Enabled $true"),
        "NDR",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.511"), status("5.7.606-649"), says("banned sending IP")),
        _lt("Microsoft lists the public address of this Odoo server as a source of spam. Ask for its removal at"
            " sender.office.com (Office 365 Anti-Spam IP Delist Portal > Submit), or send through submission on port 587."),
        "NDR",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.513"),
         *any_of("blocked using", "block list", "blocklist", "blacklist", "black list", "spamhaus", "dnsbl", "is listed at",
                 "is listed by", "is listed on", "is listed in", "poor reputation", "bad reputation", "low reputation", "ip reputation",
                 "originating from your ip", "not accepted from this ip",
                 "your ip has been blocked", "client host rejected", "not allowed to connect")),
        _lt("The recipient's server finds the public address or the domain of this mail on a block list. The reply names the list; ask it "
            "for removal; submission on port 587 sends from Microsoft's addresses: Settings > Technical >"
            " Outgoing Mail Servers."),
        "NDR",
    ),
    Cause(
        "spam_rejected",
        (status("5.7.350"),
         *any_of("detected as spam", "rejected as spam", "looks like spam", "spam message", "spam content", "spam detected",
                 "considered spam", "suspected spam", "spam score", "classified as spam", "identified as spam", "probability of spam",
                 "unsolicited mail", "unsolicited message", "unsolicited email", "unsolicited bulk", "junk mail", "contains a virus",
                 "contains virus", "malware", "potential security issue", "content rejected", "policy violation detected")),
        _lt("The recipient's server considers the mail spam or dangerous. Check text, links and attachments in Settings > Technical >"
            " Emails; ask the recipient's administrator to allow your sender."),
        "NDR",
    ),
    Cause(
        "sender_banned",
        any_of("sender address rejected: access denied", "sender denied", "sender is blocked", "sender blocked", "banned sender",
               "sender rejected", "blocked sender", "your address is blocked"),
        _lt("The server refuses this sender. Ask the recipient's administrator to allow it; for an address of your own organization see"
            " Defender portal > Email & collaboration > Review > Restricted entities."),
        "NDR",
    ),
)
