"""Why Exchange Online does not take mail of this sender, or not now. Earlier rows win. docs/exchange-online.md, 4 and 5.2."""

from __future__ import annotations

from typing import Final

from ..cause import Cause, _lt, any_of, says, status

# "554 5.2.0" is any failure of STOREDRV, told apart by the names of exceptions only. Without one it stays unknown: a guess of
# send_as_denied would pause the address, a guess of a quota would try for two days.
CAUSES: Final[tuple[Cause, ...]] = (
    # 5.2.252 is a refused Send As (554) and the penalty for many of them (550).
    Cause(
        "penalty_box",
        (status("5.2.252", "throttled"), status("5.2.252", "continuous"), status("5.2.251"), status("5.2.253"), status("5.2.254"),
         status("5.2.255"), says("sender throttled due to continuous")),
        _lt("Exchange locks the mailbox out of SMTP for an undisclosed time, after many errors of the kind named in its reply. Stop "
            "sending and repair that: Send As (Add-RecipientPermission <address> -Trustee <mailbox> -AccessRights SendAs), a full mailbox"
            " (Get-MailboxStatistics <mailbox>), the license, or wrong recipients. Then wait."),
        "CET",
    ),
    Cause(
        "send_as_denied",
        (status("5.2.252", "SendAsDenied"), status("5.2.0", "SendAsDenied"), status("5.7.60"), status("554 5.2.252"),
         *any_of("SendAsDenied", "permissions to send as", "permission to send as", "permissions to send on behalf",
                 "permission to send on behalf", "not allowed to send as", "not authorized to send as", "not authorized to send on behalf",
                 "sender address rejected: not owned by", "not owned by", "not valid for your login", "not authorized to use this sender")),
        _lt("The mailbox may not send as this address. Run:"
            " Add-RecipientPermission <address> -Trustee <mailbox> -AccessRights SendAs -Confirm:$false"),
        "PRN",
    ),
    Cause(
        "penalty_box",
        (status("550 5.2.252"),),
        _lt("Exchange locks the mailbox out of SMTP for an undisclosed time, after many refused senders. Stop sending, run"
            " Add-RecipientPermission <address> -Trustee <mailbox> -AccessRights SendAs for every address it sends as, then wait."),
        "CET",
    ),
    Cause(
        "send_as_denied",
        (status("5.2.252"),),
        _lt("The mailbox may not send as this address. Run:"
            " Add-RecipientPermission <address> -Trustee <mailbox> -AccessRights SendAs -Confirm:$false"),
        "PRN",
    ),
    # The verdict RefuseQuota would pass again some time; but who goes on submitting what the spam filter refuses gets restricted (5.1.8).
    Cause(
        "spam_rejected",
        (status("5.2.0", "OutboundSpam"), status("5.2.0", "WASCL"), says("OutboundSpamException"), says("WASCL UserAction verdict")),
        _lt("Microsoft's outbound spam filter refused the mail. Check its content and that nobody else uses the mailbox, then"
            " Defender portal > Email & collaboration > Review > Restricted entities; with the verdict RefuseQuota raise the recipient"
            " limits of the outbound policy (Set-HostedOutboundSpamFilterPolicy) or wait a day."),
        "LIMITS",
    ),
    # RFC 3463 X.1.8 proper: the sender's domain is not usable.
    Cause(
        "unregistered_domain",
        (status("5.7.750"), status("5.1.8", "domain", "resolve"), status("5.1.8", "domain not found"),
         status("4.1.8", "domain"), *any_of("sender address rejected: domain not found", "domain of sender address")),
        _lt("The domain of the sender is not registered in your organization. Microsoft 365 admin center > Settings > Domains: add it and"
            " verify it; check with Get-AcceptedDomain."),
        "NDR2",
    ),
    Cause(
        "sender_restricted",
        (status("5.1.8"), *any_of("bad outbound sender", "unusual activity", "temporarily blocked your account"),
         status("5.3.4", "unusual activity"), status("5.7.3", "unusual activity")),
        _lt("Microsoft restricts the mailbox because it sent what looked like spam, or more than the outbound policy allows. Secure it, "
            "then"
            " unblock it: Defender portal > Email & collaboration > Review > Restricted entities."),
        "PRN",
    ),
    Cause(
        "sender_banned",
        (status("5.7.501-503"), says("spam abuse detected")),
        _lt("Microsoft banned the sender for spam. Secure the account and stop the mail that caused it, then open a request in"
            " Microsoft 365 admin center > Support > Help & support."),
        "NDR",
    ),
    Cause(
        "tenant_blocked",
        (status("5.7.705"), status("5.7.700-702"), status("5.7.704"), status("5.7.706-707"), status("5.7.709-749"),
         says("tenant has exceeded threshold")),
        _lt("Microsoft blocked the whole organization from sending: too much mail looked like spam, or the subscription ended. Check"
            " Microsoft 365 admin center > Billing > Your products and Exchange admin center > Mail flow > Message trace, then call"
            " Microsoft's support."),
        "NDR2",
    ),
    Cause(
        "invalid_from_header",
        (status("5.1.20"),),
        _lt("The mail has several From addresses. Leave one in the From field of the template:"
            " Settings > Technical > Email Templates > Email Configuration."),
        "NDR120",
    ),
    Cause(
        "invalid_from_header",
        (status("5.7.512"), status("5.1.7"), status("5.7.1", "RFC 5322"), status("5.7.1", "RFC 2822"), says("valid from header")),
        _lt("The From address is missing or malformed. Correct the user's email (Settings > Users) or the From field of the template"
            " (Settings > Technical > Email Templates > Email Configuration)."),
        "NDR",
    ),
)
