"""Which limit a mail exceeds. Earlier rows win. docs/exchange-online.md, 4 and 5.2."""

from __future__ import annotations

from typing import Final

from ..cause import Cause, _lt, any_of, reply, says, status

# The windows of the daily limits slide: recipients of 24 hours ago make room for new ones all the time, nothing is reset at midnight.
# So an hour later some mail passes again; a refused try does not count, and waiting 24 hours would lose half of the queue's 48.
SLIDING_DAY: Final = 3600
# Exchange counts messages a minute.
NEXT_MINUTE: Final = 60

_FULL: Final = _lt(
    "The mailbox that sends is full; every mail sent is also kept in Sent Items. Empty it, and run:"
    " Set-Mailbox -Identity <mailbox> -MessageCopyForSMTPClientSubmissionEnabled $false"
)

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "daily_recipient_limit",
        (status("5.2.0", "SubmissionQuotaExceeded"), status("5.2.2", "submission quota"), status("5.2.2", "SubmissionQuotaExceeded"),
         status("5.1.90"), reply(554, "SubmissionQuotaExceeded"), says("SubmissionQuotaExceeded"), says("submission quota exceeded")),
        _lt("The mailbox reached its limit of 10,000 recipients in 24 hours; Odoo will retry. Set a Daily Limit in Settings"
            " > Technical > Outgoing Mail Servers, or send mailings through another server."),
        "SUBM",
        retry_after=SLIDING_DAY,
    ),
    Cause(
        "mailbox_full",
        # A full mailbox is the recipient's (:mod:`.causes_recipient`), unless Exchange says that it kept the mail from being submitted.
        (status("5.2.2", "STOREDRV.Submission"), says("Submission.Exception:QuotaExceededException"), says("[OVERQUOTA]")),
        _FULL,
        "SUBM",
        protocols=frozenset({"smtp", "imap", "pop"}),
    ),
    # Exchange names no address where it speaks of the sender's, and STOREDRV.Deliver is the component that delivers.
    Cause(
        "recipient_restricted",
        (status("5.2.2", "STOREDRV.Deliver"), status("554 5.2.2", "<@>")),
        _lt("The recipient's mailbox is full. Tell the recipient in another way; if it is a mailbox of yours, see Exchange admin center >"
            " Recipients > Mailboxes."),
        "RFC 3463",
    ),
    Cause(
        "mailbox_full",
        (status("554 5.2.2"),),
        _FULL,
        "SUBM",
        only_at=frozenset({"", "mail", "data", "content"}),
    ),
    Cause(
        "mailbox_full",
        (status("5.2.2"), status("4.2.2")),
        _FULL,
        "SUBM",
        only_at=frozenset({"auth", "mail"}),
    ),
    Cause(
        "tenant_recipient_limit",
        (status("5.7.232-233"), says("tenant external recipient rate")),
        _lt("The organization reached its limit of external recipients in 24 hours; Odoo will retry. See Exchange admin"
            " center > Reports > Mail flow > Tenant Outbound External Recipients; more licenses raise the limit."),
        "TERRL",
        retry_after=SLIDING_DAY,
    ),
    Cause(
        "onmicrosoft_limit",
        (status("5.7.236"),),
        _lt("Addresses of an onmicrosoft.com domain reach no more than 100 external recipients a day in all. Send from an address of your "
            "own domain:"
            " Microsoft 365 admin center > Settings > Domains."),
        "LIMITS",
        retry_after=SLIDING_DAY,
    ),
    # "432 4.3.2" is two limits, "421 4.3.2" a busy server; STOREDRV.… is the name of a component.
    Cause(
        "recipient_busy",
        (status("4.3.2", "STOREDRV.Deliver"), status("4.3.2", "recipient thread limit")),
        _lt("No action needed. The recipient's mailbox is receiving too many mails at once; Odoo will retry. If it persists, let fewer"
            " notifications go to it: Preferences > Notification."),
        "NDR",
    ),
    Cause(
        "concurrent_connections",
        (status("4.3.2", "concurrent"), status("4.3.2", "ClientSubmit"), status("4.3.2", "sender thread limit"), status("432 4.3.2"),
         reply(432), *any_of("too many concurrent", "too many connections", "concurrent connections", "too many simultaneous")),
        _lt("More than three programs send from this mailbox at once; Odoo will retry. Lower the maximum of connections in Settings >"
            " Technical > Outgoing Mail Servers, or give other programs a mailbox of their own."),
        "SUBM",
    ),
    # 4.4.2 is a dropped connection as well (RFC 3463): those words are a row of the transport's.
    Cause(
        "rate_limited",
        (status("4.4.2", "submission rate"), *any_of("message submission rate", "rate limit", "sending rate", "too many messages",
                                                   "sending too fast", "too much mail", "try to send slower")),
        _lt("The mailbox sends more than 30 messages a minute; Odoo will retry. Lower the rate limit in Settings > Technical >"
            " Outgoing Mail Servers, or give other programs a mailbox of their own."),
        "SUBM",
        retry_after=NEXT_MINUTE,
    ),
    Cause(
        "too_many_recipients",
        (status("4.5.3"), status("5.5.3"), reply(452, "too many recipients"), reply(552, "too many recipients"),
         says("too many recipients")),
        _lt("The mail has more recipients than the server accepts at once; Odoo sends it in parts. The limit of a mailbox:"
            " Set-Mailbox -Identity <mailbox> -RecipientLimits 1000"),
        "NDR",
    ),
    Cause(
        "message_too_large",
        (status("5.6.211"), status("5.3.4", "header"), says("header size exceeds")),
        _lt("The header of the mail is too large, usually because it names too many recipients. Look at it in Settings > Technical >"
            " Emails, and write to fewer people at once or to a distribution list."),
        "NDR",
    ),
    Cause(
        "message_too_large",
        (status("5.3.4"), status("5.2.3"), status("4.3.4"), reply(552),
         *any_of("exceeds fixed maximum message size", "message size exceeds", "message too large", "message is too large",
                 "message too big", "message is too big", "maximum message size", "exceeds size limit", "message size limit",
                 "exceeds the maximum size")),
        _lt("The mail is too large; attachments grow by a third in transit. Send links instead of attachments, or run:"
            " Set-Mailbox -Identity <mailbox> -MaxSendSize 150MB"),
        "NDR",
    ),
)
