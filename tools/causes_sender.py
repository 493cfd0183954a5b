"""Why Exchange Online does not take mail of this sender, or not now. Earlier rows win. The project's Exchange reference, 4 and 5.2."""

from __future__ import annotations

from typing import Final

from .causes import Cause, _lt, reply, says, status

# The windows of the daily limits slide: recipients of 24 hours ago make room for new ones all the time, nothing is reset at midnight.
# So an hour later some mail passes again; a refused try does not count, and waiting 24 hours would lose half of the queue's 48.
SLIDING_DAY: Final = 3600
# Exchange counts messages a minute.
NEXT_MINUTE: Final = 60

# "554 5.2.0" is any failure of STOREDRV, told apart by the names of exceptions only. Without one it stays unknown: a guess of
# send_as_denied would pause the address, a guess of a quota would try for two days.
SENDER: Final[tuple[Cause, ...]] = (
    # 5.2.252 is a refused Send As (554) and the penalty for many of them (550).
    Cause(
        "penalty_box",
        (status("5.2.252", "throttled"), status("5.2.252", "continuous"), status("5.2.251"), status("5.2.253"), status("5.2.254"),
         status("5.2.255"), says("sender throttled due to continuous")),
        _lt("Exchange locks the mailbox out of SMTP for an undisclosed time, after many errors of the kind it names. Stop sending, repair"
            " that: Send As (Add-RecipientPermission <address> -Trustee <mailbox> -AccessRights SendAs), a full mailbox"
            " (Get-MailboxStatistics <mailbox>), the licence, or wrong recipients. Then wait."),
        "CET",
    ),
    Cause(
        "send_as_denied",
        (status("5.2.252", "SendAsDenied"), status("5.2.0", "SendAsDenied"), status("5.7.60"), status("554 5.2.252"),
         says("SendAsDenied"), says("permissions to send as")),
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
        (status("5.7.750"), status("5.1.8", "domain", "resolve")),
        _lt("The domain of the sender is not registered in your organization. Microsoft 365 admin center > Settings > Domains: add it and"
            " verify it; check with Get-AcceptedDomain."),
        "NDR2",
    ),
    Cause(
        "sender_restricted",
        (status("5.1.8"), says("bad outbound sender")),
        _lt("Microsoft restricts the mailbox, as it sent what looked like spam or more than a limit of the outbound policy. Secure it, then"
            " unblock it: Defender portal > Email & collaboration > Review > Restricted entities."),
        "PRN",
    ),
    Cause(
        "sender_banned",
        (status("5.7.501-503"),),
        _lt("Microsoft banned the sender for spam. Secure the account and stop the mail that caused it, then open a request in"
            " Microsoft 365 admin center > Support > Help & support."),
        "NDR",
    ),
    Cause(
        "tenant_blocked",
        (status("5.7.705"), says("tenant has exceeded threshold")),
        _lt("Microsoft blocked the whole organization from sending: too much mail looked like spam, or the subscription ended. Check"
            " Microsoft 365 admin center > Billing > Your products and Exchange admin center > Mail flow > Message trace, then call"
            " Microsoft's support."),
        "NDR2",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.708"),),
        _lt("Microsoft takes no mail from the address of this Odoo server, mostly for trial organizations. Buy licences, or ask for an"
            " exception: Microsoft 365 admin center > Support > Help & support."),
        "NDR2",
    ),
    Cause(
        "ip_reputation",
        (status("5.7.511"), status("5.7.606-649"), status("5.7.1", "blocked using"), says("banned sending IP")),
        _lt("Microsoft lists the public address of this Odoo server as a source of spam. Ask for its removal at"
            " sender.office.com (Office 365 Anti-Spam IP Delist Portal > Submit), or send through submission on port 587."),
        "NDR",
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
        (status("5.7.512"), status("5.1.7")),
        _lt("The From address is missing or malformed. Correct the user's e-mail (Settings > Users) or the From field of the template"
            " (Settings > Technical > Email Templates > Email Configuration)."),
        "NDR",
    ),
)

QUOTA: Final[tuple[Cause, ...]] = (
    Cause(
        "daily_recipient_limit",
        (status("5.2.0", "SubmissionQuotaExceeded"), status("5.2.2", "submission quota"), status("5.2.2", "SubmissionQuotaExceeded"),
         status("5.1.90"), says("SubmissionQuotaExceeded"), says("submission quota exceeded")),
        _lt("The mailbox reached its limit of 10,000 recipients in 24 hours; Odoo goes on as room gets free. Set a Daily Limit in Settings"
            " > Technical > Outgoing Mail Servers, or send mailings through another server."),
        "SUBM",
        retry_after=SLIDING_DAY,
    ),
    Cause(
        "mailbox_full",
        (status("5.2.2"), reply(552, "mailbox full"), says("QuotaExceededException"), says("[OVERQUOTA]")),
        _lt("The mailbox is full; every mail sent is also kept in Sent Items. Empty it, and run:"
            " Set-Mailbox -Identity <mailbox> -MessageCopyForSMTPClientSubmissionEnabled $false"),
        "SUBM",
        protocols=frozenset({"smtp", "imap", "pop"}),
    ),
    Cause(
        "tenant_recipient_limit",
        (status("5.7.233"), says("tenant external recipient rate")),
        _lt("The organization reached its limit of external recipients in 24 hours; Odoo goes on as room gets free. See Exchange admin"
            " center > Reports > Mail flow > Tenant Outbound External Recipients; more licences raise the limit."),
        "TERRL",
        retry_after=SLIDING_DAY,
    ),
    Cause(
        "onmicrosoft_limit",
        (status("5.7.236"),),
        _lt("Addresses of an onmicrosoft.com domain reach 100 external recipients a day in all. Send as an address of your own domain:"
            " Microsoft 365 admin center > Settings > Domains."),
        "LIMITS",
        retry_after=SLIDING_DAY,
    ),
    # "432 4.3.2" is two limits, "421 4.3.2" a busy server; STOREDRV.… is the name of a component.
    Cause(
        "recipient_busy",
        (status("4.3.2", "STOREDRV.Deliver"), status("4.3.2", "recipient thread limit")),
        _lt("Nothing: the recipient's mailbox takes too many mails at once, Odoo tries again. If it lasts, let fewer notifications go to"
            " it: Preferences > Notification."),
        "NDR",
    ),
    Cause(
        "concurrent_connections",
        (status("4.3.2", "concurrent"), status("4.3.2", "ClientSubmit"), status("4.3.2", "sender thread limit"), status("432 4.3.2"),
         reply(432)),
        _lt("More than three programs send from this mailbox at once; Odoo tries again. Lower the maximum of connections in Settings >"
            " Technical > Outgoing Mail Servers, or give other programs a mailbox of their own."),
        "SUBM",
    ),
    # 4.4.2 is a dropped connection as well (RFC 3463): those words are a row of the transport's.
    Cause(
        "rate_limited",
        (status("4.4.2", "submission rate"), says("message submission rate")),
        _lt("The mailbox sends more than 30 messages a minute; Odoo tries again. Lower the rate limit in Settings > Technical >"
            " Outgoing Mail Servers, or give other programs a mailbox of their own."),
        "SUBM",
        retry_after=NEXT_MINUTE,
    ),
    Cause(
        "too_many_recipients",
        (status("4.5.3"), status("5.5.3"), reply(452, "too many recipients"), reply(552, "too many recipients"),
         says("too many recipients")),
        _lt("The mail has more recipients than the server takes at once; Odoo sends it in parts. The limit of a mailbox:"
            " Set-Mailbox -Identity <mailbox> -RecipientLimits 1000"),
        "NDR",
    ),
    Cause(
        "message_too_large",
        (status("5.3.4"), status("5.2.3"), reply(552), says("exceeds fixed maximum message size"), says("message size exceeds")),
        _lt("The mail is too large; attachments grow by a third on their way. Send links instead of attachments, or run:"
            " Set-Mailbox -Identity <mailbox> -MaxSendSize 150MB"),
        "NDR",
    ),
)
