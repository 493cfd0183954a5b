"""What is no delivery report, though it looks like one."""

from .mail_systems import EXIM_FAILED, POSTFIX, REFUSED
from .written import AUTO, BACK, ID, OURS, SAID, Message, head, multipart, original, part, recipient, status

CARLA = "Carla Customer <carla@fabrikam.example>"
PERSON = f"Return-Path: <carla@fabrikam.example>\nIn-Reply-To: {ID}\nReferences: {ID}\n"
RFC822 = part("message/rfc822", original() + "\nHello")
BOUNCE = multipart(part("text/plain", f"{POSTFIX}\n\n<gone@fabrikam.example>: {REFUSED}"), status(recipient()), RFC822, boundary="=_in")
QUOTED = f"{POSTFIX}\n\n<gone@fabrikam.example>: {REFUSED}\n\n{original()}"
PLAIN = "text/plain; charset=utf-8\n\n"


def no(name, subject, content, sender=CARLA, more=PERSON):
    return Message(name, head(sender, subject, content, more), None)


NO_REPORTS = [
    no("a person's answer", f"Re: {SAID}", PLAIN + "Thank you, I could not be reached. My address is gone@fabrikam.example"),
    no(
        "a person quotes a report", "Re: Undelivered Mail Returned to Sender", PLAIN + "\n".join(f"> {line}" for line in QUOTED.split("\n"))
    ),
    no(
        "a person forwards a report in the text",
        "Fwd: Undelivered Mail",
        PLAIN + "Look:\n\n---------- Forwarded message ----------\n" + QUOTED,
    ),
    no("a person forwards a report, nothing known of the way back", "Fwd: Undelivered Mail", PLAIN + QUOTED, more=f"In-Reply-To: {ID}\n"),
    no(
        "a person forwards a report as attachment",
        "Undeliverable",
        multipart(
            part("text/plain", "See attachment"),
            part("message/rfc822", head("MAILER-DAEMON@x.example", "Undelivered", BOUNCE)),
            kind="mixed",
        ),
    ),
    no(
        "a rule forwards a report as attachment",
        "Undeliverable",
        multipart(part("text/plain", ""), part("message/rfc822", head("MAILER-DAEMON@x.example", "Undelivered", BOUNCE)), kind="mixed"),
        more=f"{BACK}Auto-Submitted: auto-generated\n",
    ),
    no(
        "a person forwards the parts of a report",
        "Fwd: Undelivered",
        multipart(part("text/plain", "FYI"), status(recipient()), RFC822, kind="mixed"),
    ),
    no(
        "a person forwards the parts of a report, nothing known of the way back",
        "Fwd: Undelivered",
        multipart(part("text/plain", "FYI"), status(recipient()), RFC822, kind="mixed"),
        more="",
    ),
    no("a person answers with the report's content type", "Re: Undelivered", BOUNCE),
    no("a person's program keeps the report's content type", "Undelivered", BOUNCE),
    no(
        "a postmaster who is a person",
        "Re: Your question",
        PLAIN + f"Hi Adele,\n\nyour message could not be delivered:\n\n<gone@fabrikam.example>: {REFUSED}\n\nPaul",
        sender="Paul <postmaster@fabrikam.example>",
        more=f"Return-Path: <postmaster@fabrikam.example>\nIn-Reply-To: {ID}\n",
    ),
    no(
        "a postmaster answers, nothing known of the way back",
        f"AW: {SAID}",
        PLAIN + QUOTED,
        sender="postmaster@fabrikam.example",
        more=f"In-Reply-To: {ID}\n",
    ),
    no(
        "an administrator's note",
        "Mail problems",
        PLAIN + "Mail to gone@fabrikam.example could not be delivered yesterday. It works again.",
        sender="Administrator <administrator@fabrikam.example>",
        more=f"In-Reply-To: {ID}\n",
    ),
    no(
        "out of office",
        f"Automatic reply: {SAID}",
        PLAIN + "I am away until Monday. Urgent mail to gone@fabrikam.example",
        more=f"{BACK}Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nIn-Reply-To: {ID}\n",
    ),
    no(
        "somebody has left",
        f"Automatic reply: {SAID}",
        PLAIN + "Carla has left. Your message could not be delivered to carla@fabrikam.example, write to gone@fabrikam.example",
        more=f"{BACK}{AUTO}In-Reply-To: {ID}\n",
    ),
    no(
        "somebody has left, with the message",
        f"Undeliverable: {SAID}",
        multipart(
            part("text/plain", "Your message could not be delivered, 550. carla@fabrikam.example has left."),
            part("message/rfc822", original("carla@fabrikam.example")),
            kind="mixed",
        ),
        more=f"{BACK}{AUTO}In-Reply-To: {ID}\n",
    ),
    no(
        "a postmaster is away",
        f"Automatic reply: {SAID}",
        PLAIN + "I am away until Monday. Urgent: gone@fabrikam.example",
        sender="postmaster@fabrikam.example",
        more=f"{BACK}{AUTO}In-Reply-To: {ID}\n",
    ),
    no(
        "read receipt",
        f"Read: {SAID}",
        multipart(
            part("text/plain", "Read."),
            part(
                "message/disposition-notification",
                f"Final-Recipient: rfc822;gone@fabrikam.example\nOriginal-Message-ID: {ID}\nDisposition: manual-action/MDN-sent-manually;"
                " displayed\n",
            ),
            kind="report; report-type=disposition-notification",
        ),
        more=f"{BACK}{AUTO}",
    ),
    no(
        "deleted unread, from Exchange",
        f"Not read: {SAID}",
        multipart(
            part("text/plain", "Your message was deleted without being read."),
            part(
                "message/disposition-notification",
                f"Final-Recipient: rfc822;gone@fabrikam.example\nOriginal-Message-ID: {ID}\nDisposition: automatic-action/x; deleted,"
                " failed\n",
            ),
            RFC822,
            kind="report; report-type=delivery-status",
        ),
        sender="MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@fabrikam.example",
        more=f"{BACK}{AUTO}",
    ),
    no(
        "complaint",
        "FW: Offer",
        multipart(
            part("text/plain", "This is an abuse report"),
            part("message/feedback-report", "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: gone@fabrikam.example\n"),
            RFC822,
            kind="report; report-type=feedback-report",
        ),
        sender="postmaster@isp.example",
        more=BACK,
    ),
    no(
        "challenge",
        f"Re: {SAID}",
        PLAIN + f"Your message to gone@fabrikam.example has not been delivered yet. Please confirm that you sent it.\n\n{original()}",
        more=f"{BACK}{AUTO}",
    ),
    no(
        "challenge of a mail system",
        "Your message was not delivered",
        PLAIN
        + "Your message to gone@fabrikam.example was not delivered: it is held for "
        f"confirmation. Click here to prove that you are a person.\n\n{original()}",
        sender="Postmaster <postmaster@fabrikam.example>",
        more=f"{BACK}{AUTO}",
    ),
    no(
        "newsletter about delivery",
        "Delivery failed? What 550 5.1.1 means",
        PLAIN + f"Mail to gone@fabrikam.example: {REFUSED}",
        sender="Postmaster Weekly <postmaster@news.example>",
        more="Return-Path: <>\nList-Unsubscribe: <mailto:u@news.example>\nPrecedence: bulk\n",
    ),
    no(
        "shipping notice",
        "Your delivery failed",
        PLAIN + "We could not deliver your parcel 550 to gone@fabrikam.example. It will be returned to sender.",
        sender="Parcel Service <noreply@parcels.example>",
        more="Return-Path: <noreply@parcels.example>\n",
    ),
    no(
        "shipping notice of a machine",
        "Delivery failed: parcel 12",
        PLAIN + "Your parcel could not be delivered to Adele, gone@fabrikam.example.",
        sender="Parcels <noreply@parcels.example>",
        more=f"{BACK}{AUTO}",
    ),
    no(
        "quota notice",
        "Your mailbox is almost full",
        PLAIN + "Your mailbox is almost full. You cannot send or receive mail: erp@contoso.example",
        sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.example>",
        more=f"{BACK}{AUTO}",
    ),
    no(
        "journal",
        f"Journal: {SAID}",
        multipart(part("text/plain", f"Sender: {OURS}\nMessage-Id: {ID}\nRecipient: gone@fabrikam.example"), RFC822, kind="mixed"),
        sender="MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.example",
        more=f"{BACK}X-MS-Journal-Report:\n",
    ),
    no(
        "phishing",
        "Undelivered messages",
        PLAIN + "5 messages could not be delivered to erp@contoso.example. Click here.",
        sender="Mail Delivery System <x@evil.example>",
        more="Return-Path: <x@evil.example>\n",
    ),
    no(
        "a list's notice",
        "Uncaught bounce notification",
        PLAIN + EXIM_FAILED + f"  gone@fabrikam.example\n\n{original()}",
        sender="mailman-bounces@lists.example",
        more=f"{BACK}List-Id: <x.lists.example>\n",
    ),
    no(
        "receipt without its part",
        f"Not read: {SAID}",
        multipart(
            part("text/plain", "Your message could not be delivered to gone@fabrikam.example"),
            RFC822,
            kind="report; report-type=disposition-notification",
        ),
        sender="MAILER-DAEMON@fabrikam.example",
        more=f"{BACK}{AUTO}",
    ),
    no("a person forwards with the report's content type, nothing known of the way back", "WG: Undelivered", BOUNCE, more=""),
    no(
        "a person passes on a report, nothing known of the way back",
        "Undeliverable: Offer",
        multipart(part("text/plain", QUOTED), RFC822, kind="mixed"),
        more=f"In-Reply-To: {ID}\n",
    ),
    no(
        "a postmaster passes on a report",
        "Undeliverable: Offer",
        multipart(part("text/plain", QUOTED), RFC822, kind="mixed"),
        sender="Paul <postmaster@fabrikam.example>",
        more=f"Return-Path: <postmaster@fabrikam.example>\nIn-Reply-To: {ID}\n",
    ),
    no(
        "a postmaster writes of a mail",
        "Undeliverable mail",
        PLAIN + "Mail to gone@fabrikam.example could not be delivered yesterday. It works again.",
        sender="postmaster@fabrikam.example",
        more=f"In-Reply-To: {ID}\n",
    ),
    no(
        "another one answers for who has left",
        f"Undeliverable: {SAID}",
        multipart(
            part("text/plain", "Your message could not be delivered. Write to gone@fabrikam.example"),
            part("message/rfc822", original("carla@fabrikam.example")),
            kind="mixed",
        ),
        sender="Help Desk <help@fabrikam.example>",
        more=f"{BACK}{AUTO}In-Reply-To: {ID}\n",
    ),
    no(
        "another one answers for who is away",
        f"Automatic reply: {SAID}",
        multipart(part("text/plain", "Your message was not delivered to gone@fabrikam.example: away."), RFC822, kind="mixed"),
        sender="Help Desk <help@fabrikam.example>",
        more=f"{BACK}{AUTO}In-Reply-To: {ID}\n",
    ),
    no(
        "what did not reach us",
        "Undelivered",
        multipart(
            part("text/plain", "A message to you could not be delivered."),
            part("message/rfc822", f"From: {CARLA}\nTo: {OURS}\nMessage-ID: <x@y>\n\nHi"),
            kind="mixed",
        ),
        sender="MAILER-DAEMON@contoso.example",
        more=BACK,
    ),
    no(
        "a person, not submitted automatically",
        "Fwd: Undelivered",
        multipart(part("text/plain", "FYI"), status(recipient()), RFC822, kind="mixed"),
        more=f"{PERSON}Auto-Submitted: no\n",
    ),
]
