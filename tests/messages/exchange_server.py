"""Delivery reports in the style of Exchange Server, from 5.5 to 2010."""

from .exchange_online import GONE, RFC822, WORDS, text
from .written import BACK, ID, SAID, Message, head, multipart, original, part, recipient, status

REPORTS = [
    Message(
        "Exchange Server 2007",
        head(
            "postmaster@fabrikam.example",
            f"Undeliverable: {SAID}",
            multipart(
                part(
                    "text/plain",
                    text("Delivery has failed to these recipients or distribution lists:", "550 5.1.1 RESOLVER.ADR.RecipNotFound"),
                ),
                status(WORDS),
                RFC822,
            ),
        ),
        GONE,
    ),
    Message(
        "Exchange Server 2010, words alone",
        head(
            "Microsoft Exchange <postmaster@fabrikam.example>",
            f"Undeliverable: {SAID}",
            "text/plain\n\n"
            + "Delivery has failed to these recipients or distribution lists:\n\nGone<mailto:gone@fabrikam.example>\nThe recipient's"
            " e-mail address was not found.\n\nDiagnostic information for administrators:\n\nGenerating server:"
            " mx\n\ngone@fabrikam.example\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message"
            f" headers:\n\n{original()}",
        ),
        GONE,
    ),
    Message(
        "Exchange Server 2003",
        head(
            "System Administrator <postmaster@fabrikam.example>",
            f"Undeliverable: {SAID}",
            multipart(
                part(
                    "text/plain",
                    f"Your message\n\n  To:      gone@fabrikam.example; fine@fabrikam.example\n  Subject: {SAID}\n  Sent:    Tue, 6 Jan"
                    " 2026 09:00:00 +0100\n\ndid not reach the following recipient(s):\n\ngone@fabrikam.example on Tue, 6 Jan 2026"
                    " 09:00:00 +0100\n    The recipient name is not recognized\n    The MTS-ID of the original message is: c=us;a="
                    " ;p=x;l=EX0601090000\n    MSEXCH:IMS:X CAT:Y:EX 0 (000C05A6) Unknown Recipient",
                ),
                part("message/rfc822", original("gone@fabrikam.example, fine@fabrikam.example") + "\nHi"),
                kind="mixed",
            ),
        ),
        GONE,
    ),
    Message(
        "Exchange Server 2003, expired, German",
        head(
            "Systemadministrator <postmaster@fabrikam.example>",
            f"Unzustellbar: {SAID}",
            multipart(
                part(
                    "text/plain; charset=iso-8859-1",
                    "Ihre Nachricht hat einige oder alle Empfänger nicht erreicht.\n\n      gone@fabrikam.example am 06.01.2026 09:00\n    "
                    "        Die Nachricht konnte im angegebenen Zeitraum nicht übermittelt werden.\n            <mx.fabrikam.example"
                    " #4.4.7>",
                    "quoted-printable",
                    "latin-1",
                ),
                RFC822,
                kind="mixed",
            ),
        ),
        GONE,
    ),
    Message(
        "Exchange Server 2003, SMTP service",
        head(
            "postmaster@mail.fabrikam.example",
            "Delivery Status Notification (Failure)",
            multipart(
                part(
                    "text/plain; charset=unicode-1-1-utf-7",
                    "This is an automatically generated Delivery Status Notification.\n\nDelivery to the following "
                    "recipients failed.\n\n       gone@fabrikam.example",
                ),
                status(recipient()),
                RFC822,
            ),
        ),
        GONE,
    ),
    Message(
        "Exchange Server 2003, SMTP service, delayed",
        head(
            "postmaster@mail.fabrikam.example",
            "Delivery Status Notification (Delay)",
            multipart(
                part(
                    "text/plain; charset=unicode-1-1-utf-7",
                    "This is an automatically generated Delivery Status Notification.\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED"
                    " TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipients has been delayed.\n\n       gone@fabrikam.example",
                ),
                RFC822,
            ),
        ),
        {"gone@fabrikam.example": "delayed"},
    ),
    Message(
        "Exchange 5.5, words alone",
        head(
            "System Administrator <postmaster@fabrikam.example>",
            f"Undeliverable: {SAID}",
            "text/plain\n\n"
            + f"Your message\n\n  To:      gone@fabrikam.example\n  Subject: {SAID}\n\ndid not reach the following recipient(s):\n\n"
            "c=US;a= ;p=X;o=Y;dda:SMTP=gone@fabrikam.example; on Tue, 6 Jan 2026\n    Unknown Recipient (550 5.1.1)\n",
            f"{BACK}In-Reply-To: {ID}\n",
        ),
        GONE,
    ),
]
