"""Delivery reports in the style of Postfix, Exim, sendmail and qmail."""

from .written import AUTO, BACK, ID, OURS, SAID, Message, head, multipart, original, part, recipient, status

GONE = {"gone@fabrikam.example": "failed"}
LATE = {"gone@fabrikam.example": "delayed"}
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.fabrikam.example>"
RFC822 = part("message/rfc822", original() + "\nHello")
COPY = original() + "\nHello\n"


def plain(name, subject, words, expected=GONE, sender=DAEMON, more=BACK, content="text/plain; charset=us-ascii"):
    return Message(name, head(sender, subject, f"{content}\n\n{words}", more), expected)


def parts(name, subject, *several, expected=GONE, sender=DAEMON, more=BACK, kind="report; report-type=delivery-status"):
    return Message(name, head(sender, subject, multipart(*several, kind=kind), more), expected)


REFUSED = "550 5.1.1 <gone@fabrikam.example>: Recipient address rejected: User unknown"
POSTFIX = (
    "This is the mail system at host mx.fabrikam.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to"
    " one or more recipients."
)
EXIM = "This message was created automatically by mail delivery software.\n\n"
EXIM_FAILED = (
    EXIM
    + "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following"
    " address(es) failed:\n\n"
)
QMAIL = (
    "Hi. This is the qmail-send program at fabrikam.example.\nI'm afraid I wasn't able to deliver your message to the following"
    " addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
)

REPORTS = [
    parts(
        "Postfix",
        "Undelivered Mail Returned to Sender",
        part("text/plain", POSTFIX),
        status(
            recipient(before="Original-Recipient: rfc822;gone@fabrikam.example\n"),
            top="Reporting-MTA: dns; mx\nX-Postfix-Queue-ID: 4A\nX-Postfix-Sender: rfc822; e@x\n",
        ),
        part("text/rfc822-headers", original()),
        more=f"{BACK}{AUTO}",
    ),
    parts(
        "Postfix, delayed",
        "Delayed Mail (still being retried)",
        part(
            "text/plain",
            "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n\n"
            "Your message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n",
        ),
        status(recipient(action="delayed", code="4.4.1", words="X-Postfix; connect to mx: Connection timed out")),
        RFC822,
        expected=LATE,
    ),
    parts(
        "Postfix, delayed, words alone",
        "Delayed Mail (still being retried)",
        part(
            "text/plain",
            "# THIS IS A WARNING ONLY. #\n\nYour message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5"
            " day(s) old.\n\n<gone@fabrikam.example>: host mx said: 450 4.2.0 Greylisted",
        ),
        RFC822,
        expected=LATE,
    ),
    parts(
        "Postfix, a list of its own",
        "Undelivered Mail Returned to Sender",
        part("text/plain", f"{POSTFIX}\n\n<inner@backend.example> (expanded from\n    <gone@fabrikam.example>): host mx said: {REFUSED}"),
        RFC822,
    ),
    parts(
        "Postfix, success",
        "Successful Mail Delivery Report",
        part("text/plain", "Your message was successfully delivered to the destination(s) listed below."),
        status(recipient(action="delivered", code="2.0.0", words="smtp; 250 2.0.0 Ok")),
        RFC822,
        expected={"gone@fabrikam.example": "delivered"},
    ),
    plain(
        "Exim",
        "Mail delivery failed: returning message to sender",
        f"{EXIM_FAILED}  gone@fabrikam.example\n    host mx [192.0.2.1]\n    SMTP error from remote mail server after RCPT"
        f" TO:<gone@fabrikam.example>:\n    {REFUSED}\n\n------ This is a copy of the message, including all the headers. ------\n\n{COPY}",
        more=f"{BACK}X-Failed-Recipients: gone@fabrikam.example\n{AUTO}",
    ),
    plain(
        "Exim, header in a language",
        "Mail delivery failed",
        f"Zustellung nicht erfolgt\n\n------ Kopie ------\n\n{COPY}",
        more=f"{BACK}X-Failed-Recipients: gone@fabrikam.example\n",
    ),
    plain(
        "Exim, of an alias",
        "Mail delivery failed: returning message to sender",
        f"{EXIM_FAILED}  inner@backend.example\n    (generated from gone@fabrikam.example)\n"
        f"    retry timeout exceeded\n\n------ This is a copy of the message's headers. ------\n\n{original()}",
    ),
    plain(
        "Exim, delayed",
        "Warning: message 1vd3Xy-0001Ab-2C delayed 24 hours",
        f"{EXIM}A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the"
        f" queue.\n\nThe message identifier is: 1vd3Xy\nThe subject of the message is: {SAID}\n\nThe address to which the message has not"
        " yet been delivered is:\n\n  gone@fabrikam.example\n    Delay reason: 550 5.1.1 tried\n\nNo action is required on your part.",
        more=f"{BACK}{AUTO}References: {ID}\n",
        expected=LATE,
    ),
    parts(
        "Exim 4.90",
        "Mail delivery failed: returning message to sender",
        part("text/plain", EXIM_FAILED + "  gone@fabrikam.example\n    Unrouteable address"),
        status("Action: failed\nFinal-Recipient: rfc822;gone@fabrikam.example\nStatus: 5.0.0\n"),
        RFC822,
    ),
    parts(
        "sendmail",
        "Returned mail: see transcript for details",
        part(
            "text/plain",
            "The original message was received at Tue, 6 Jan 2026\n\n   ----- The following addresses had permanent fatal errors"
            " -----\n<gone@fabrikam.example>\n    (reason: 550 5.1.1 User unknown)\n\n   ----- Transcript of session follows -----\n..."
            " while talking to mx:\n>>> DATA\n<<< 550 5.1.1 User unknown\n550 5.1.1 <gone@fabrikam.example>... User unknown",
        ),
        status(recipient()),
        RFC822,
    ),
    parts(
        "sendmail, words alone",
        "Returned mail: User unknown",
        part(
            "text/plain",
            "   ----- The following addresses had permanent fatal errors -----\n<gone@fabrikam.example>\n\n   ----- The following addresses"
            " had transient non-fatal errors -----\n<late@fabrikam.example>\n    (reason: 451 4.7.1 try later)\n\n   ----- Transcript of"
            " session follows -----\n550 5.1.1 <gone@fabrikam.example>... User unknown\n",
        ),
        part("message/rfc822", original("gone@fabrikam.example, late@fabrikam.example")),
        kind="mixed",
        expected={**GONE, "late@fabrikam.example": "delayed"},
    ),
    parts(
        "sendmail, delayed",
        "Warning: could not send message for past 4 hours",
        part(
            "text/plain",
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT"
            " NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n   ----- The following addresses had"
            " transient non-fatal errors -----\n<gone@fabrikam.example>\n\n   ----- Transcript of session follows"
            " -----\n<gone@fabrikam.example>... Deferred: Connection timed out\nWarning: message still undelivered after 4 hours\nWill keep"
            " trying until message is 5 days old",
        ),
        RFC822,
        expected=LATE,
    ),
    parts(
        "sendmail, expired",
        "Returned mail: Cannot send message for 5 days",
        part(
            "text/plain",
            "   ----- The following addresses had permanent fatal errors -----\n<gone@fabrikam.example>\n\n   ----- Transcript of session"
            " follows -----\n<gone@fabrikam.example>... Deferred: Connection timed out\nMessage could not be delivered for 5 days\nMessage"
            " will be deleted from queue",
        ),
        RFC822,
    ),
    plain(
        "sendmail 5",
        "Returned mail: User unknown",
        "   ----- Transcript of session follows -----\n550 <gone@fabrikam.example>... User unknown\n\n"
        f"   ----- Unsent message follows -----\n{COPY}",
        sender="Mail Delivery Subsystem <MAILER-DAEMON>",
    ),
    plain(
        "qmail",
        "failure notice",
        f"{QMAIL}<gone@fabrikam.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\nGiving up on"
        f" 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <{OURS}>\n{COPY}",
        sender="MAILER-DAEMON@fabrikam.example",
    ),
    plain(
        "qmail, expired",
        "failure notice",
        f"{QMAIL}<gone@fabrikam.example>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; "
        f"this message has been in the queue too long.\n\n--- Below this line is a copy of the message.\n\n{COPY}",
        sender="MAILER-DAEMON@fabrikam.example",
    ),
    plain(
        "qmail, French",
        "failure notice",
        "Hi. This is the qmail-send program at fabrikam.example.\nVotre message n'a pas pu etre remis.\n\n<gone@fabrikam.example>:\n"
        f"Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{COPY}",
        sender="MAILER-DAEMON@fabrikam.example",
    ),
]
