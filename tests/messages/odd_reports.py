"""Delivery reports that are broken or unusual, and what is said beside the failure."""

from .mail_systems import COPY, DAEMON, GONE, LATE, POSTFIX, REFUSED, RFC822, parts, plain
from .written import BACK, ID, SAID, Message, head, multipart, original, part, recipient, status

REPORTS = [
    # Broken ones, and unusual ones.
    plain(
        "a report without parts",
        "Undelivered Mail",
        f"{POSTFIX}\n\nFinal-Recipient: rfc822; gone@fabrikam.example\nAction: failed\nStatus: 5.1.1\n\n{COPY}",
        content="multipart/report; report-type=delivery-status; boundary=x",
    ),
    plain(
        "a report without parts, delayed",
        "Mail",
        f"Final-Recipient: rfc822; gone@fabrikam.example\nAction: delayed\nStatus: 4.4.1\n\n{COPY}",
        content="multipart/report; report-type=delivery-status; boundary=x",
        expected=LATE,
    ),
    plain(
        "the fields in a text",
        "Mail status",
        f"Final-Recipient: rfc822; gone@fabrikam.example\nStatus: 4.2.0\nDiagnostic-Code: smtp; 450 4.2.0 Greylisted\n\n{COPY}",
        expected=LATE,
    ),
    Message(
        "a truncated report",
        head(
            DAEMON,
            "Undelivered",
            "multipart/report; report-type=delivery-status; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n"
            f"Reporting-MTA: dns; mx\n\n{recipient()}\n--x\nContent-Type: message/rfc822\n\n{original()[:320]}",
        ),
        GONE,
    ),
    parts("parts in another order", "Undelivered", RFC822, status(recipient()), part("text/plain", POSTFIX)),
    parts(
        "relayed through a gateway",
        "Undelivered",
        "Content-Type: " + multipart(part("text/plain", "-"), status(recipient()), RFC822, boundary="=_in"),
        part("text/plain", "-- \nScanned for viruses"),
        kind="mixed",
    ),
    parts(
        "packed by a gateway",
        "Undelivered",
        part("text/plain", "A report is attached."),
        part(
            "message/rfc822", head(DAEMON, "Undelivered", multipart(part("text/plain", "-"), status(recipient()), RFC822, boundary="=_in"))
        ),
        kind="mixed",
    ),
    parts(
        "no blank lines between recipients",
        "Undelivered",
        status(recipient() + recipient("fine@fabrikam.example", "delivered", "2.0.0", "smtp; 250 Ok")),
        RFC822,
        expected={**GONE, "fine@fabrikam.example": "delivered"},
    ),
    parts(
        "blank lines everywhere",
        "Undelivered",
        status(recipient().replace("\n", "\n\n"), recipient("fine@fabrikam.example", "relayed").replace("\n", "\n\n")),
        RFC822,
        expected={**GONE, "fine@fabrikam.example": "relayed"},
    ),
    parts(
        "no address in the field",
        "Undelivered",
        part("text/plain", "-"),
        status("Final-Recipient: x400; /S=gone/\nAction: failed\nStatus: 5.1.1\n"),
        RFC822,
    ),
    parts(
        "a charset that does not exist",
        "Undelivered",
        part("text/plain; charset=x-none", f"{POSTFIX}\n\n<gone@fabrikam.example>: {REFUSED}"),
        RFC822,
    ),
    parts(
        "delayed, in words of the original",
        "Undelivered Mail Returned to Sender",
        part("text/plain", f"{POSTFIX}\n\n<gone@fabrikam.example>: {REFUSED}"),
        part("message/rfc822", original().replace(SAID, "Your order is delayed") + "\nDelayed. We will keep trying."),
    ),
    # What is said beside it.
    plain(
        "X-Failed-Recipients of what is late",
        "Mail delivery failed",
        f"It will be retried for two days.\n\n{COPY}",
        more=f"{BACK}X-Failed-Recipients: gone@fabrikam.example\n",
        expected=LATE,
    ),
    plain(
        "failed at first sight",
        "Undeliverable: Offer",
        f"The following recipient(s) could not be reached:\n\ngone@fabrikam.example\n\nWe will keep trying.\n\n{COPY}",
        expected=LATE,
    ),
    plain(
        "late in another language",
        "Mail",
        f"Verzögerte Zustellung: konnte bisher nicht zugestellt werden\n\ngone@fabrikam.example\n\n{COPY}",
        expected=LATE,
        content="text/plain; charset=utf-8",
    ),
    plain(
        "the subject of the original in the text",
        "Undeliverable mail",
        "Your message\n\n  Subject: The order is delayed, we will keep trying\n\ncould not be delivered to "
        f"gone@fabrikam.example\n\n{COPY.replace(SAID, 'The order is delayed, we will keep trying')}",
    ),
    parts(
        "the subject of the original, known",
        "Undeliverable: The order is delayed, we will keep trying",
        part(
            "text/plain",
            "Your message\n\n  Subject: The order is delayed, we will keep trying\n\ncould not be delivered to gone@fabrikam.example",
        ),
        RFC822,
        kind="mixed",
    ),
    parts(
        "an action is missing, late",
        "Delivery delayed: Offer",
        status("Final-Recipient: rfc822; gone@fabrikam.example\nStatus: 5.1.1\n"),
        RFC822,
        expected=LATE,
    ),
    parts(
        "only the second has an Original-Recipient",
        "Undelivered",
        status(
            recipient("first@a.example"), recipient("in@b.example", "delayed", before="Original-Recipient: rfc822; gone@fabrikam.example\n")
        ),
        RFC822,
        expected={"first@a.example": "failed", **LATE},
    ),
    parts(
        "two sections, codes beside the addresses",
        "Mail",
        part(
            "text/plain",
            "----- The following addresses had permanent fatal errors -----\n<gone@fabrikam.example>: 550 5.1.1 User unknown\n\n----- The"
            " following addresses had transient non-fatal errors -----\n<late@fabrikam.example>: 550 5.7.1 greylisted\n",
        ),
        part("message/rfc822", original("gone@fabrikam.example, late@fabrikam.example")),
        kind="mixed",
        expected={**GONE, "late@fabrikam.example": "delayed"},
    ),
    plain(
        "the text names the sender",
        "Mail Delivery Problem",
        "Your mail to the following recipients could not be delivered because they do not accept mail from other@contoso.example:"
        "\n\n   gone@fabrikam.example\n\nAsk postmaster@fabrikam.example.\n",
        more=f"{BACK}In-Reply-To: {ID}\n",
    ),
    plain(
        "the text of the original alone",
        "Undeliverable Mail",
        "Unknown user: gone@fabrikam.example\n\nOriginal message follows.\n\nWe will keep trying. Write to other@contoso.example",
        more=f"{BACK}In-Reply-To: {ID}\n",
    ),
    plain(
        "the original without a heading",
        "Undelivered",
        f"gone@fabrikam.example: 550 5.1.1 User unknown\n\n{original()}\nWe will keep trying. Write to other@contoso.example",
    ),
    Message(
        "the mark of Exchange alone",
        head(
            "Contoso <mail@contoso.example>",
            "Undeliverable: Offer",
            f"text/plain\n\nDelivery has failed.\n\ngone@fabrikam.example\n\n{COPY}",
            "X-MS-Exchange-Message-Is-Ndr:\n",
        ),
        GONE,
    ),
    plain(
        "goes back to the mail system",
        "Undeliverable: Offer",
        f"Delivery has failed:\n\ngone@fabrikam.example\n\n{COPY}",
        sender="postmaster@fabrikam.example",
        more="Return-Path: <MAILER-DAEMON@mx.fabrikam.example>\n",
    ),
    parts(
        "called base64, and is not",
        "Undelivered",
        status(recipient()),
        "Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n" + original(),
    ),
    plain(
        "a link alone",
        "Undelivered",
        f"<p>Delivery has failed to:</p><p><a href='mailto:gone@fabrikam.example?subject=x'>Gone</a></p><p>Message-ID: {ID[1:-1]}</p>",
        content="text/html",
    ),
]
