"""Delivery reports in the style of mail systems other than Exchange."""

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
    plain(
        "Yahoo",
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<gone@fabrikam.example>:\n550: 5.1.1 User unknown\n\n"
        f"--- Below this line is a copy of the message.\n\n{COPY}",
        sender="MAILER-DAEMON@yahoo.example",
    ),
    plain(
        "Gmail, of old",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     gone@fabrikam.example\n\nTechnical details of permanent"
        " failure:\nGoogle tried to deliver your message, but it was rejected by the server for the recipient domain\nfabrikam.example by"
        f" mx. [192.0.2.1].\n\nThe error that the other server returned was:\n{REFUSED}\n\n----- Original message -----\n\n{COPY}",
        sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        more=f"{BACK}X-Failed-Recipients: gone@fabrikam.example\n",
    ),
    plain(
        "Gmail, delayed",
        "Delivery Status Notification (Delay)",
        "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nDelivery to the following"
        " recipient has been delayed:\n\n     gone@fabrikam.example\n\nMessage will be retried for 2 more day(s)\n\n----- Original message"
        f" -----\n\n{COPY}",
        sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        more=f"{BACK}X-Failed-Recipients: gone@fabrikam.example\n",
        expected=LATE,
    ),
    parts(
        "Gmail",
        "Delivery Status Notification (Failure)",
        part(
            "text/html; charset=utf-8",
            "<html><body><h1>Address not found</h1><p>Your message wasn't delivered to <b>gone@fabrikam.example</b></p></body></html>",
        ),
        status(recipient()),
        RFC822,
        more=f"{BACK}{AUTO}In-Reply-To: {ID}\nReferences: {ID}\n",
    ),
    plain(
        "GMX",
        "Mail delivery failed: returning message to sender",
        f"{EXIM}A message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following"
        ' address\nfailed:\n\n"gone@fabrikam.example":\nSMTP error from remote server after RCPT command:\nhost:'
        f" mx.fabrikam.example\n5.1.1 User Unknown\n\n--- The header of the original message is following. ---\n\n{original()}",
        sender='"GMX Mailer Daemon" <mailer-daemon@gmx.example>',
    ),
    plain(
        "1&1",
        "Mail delivery failed: returning message to sender",
        f"{EXIM}The following address failed:\n\ngone@fabrikam.example:\nSMTP error from remote server for RCPT TO command, host: mx"
        f" (192.0.2.1) reason: 550 User unknown\n\n--- The header of the original message is following. ---\n\n{original()}",
    ),
    parts(
        "Domino",
        "DELIVERY FAILURE: User gone (gone@fabrikam.example) not listed in Domino Directory",
        part(
            "text/plain",
            f"Your message\n\n  Subject: {SAID}\n\nwas not delivered to:\n\n  gone@fabrikam.example\n\nbecause:\n\n  User gone"
            " (gone@fabrikam.example) not listed in Domino Directory",
        ),
        RFC822,
        sender="Postmaster@fabrikam.example",
    ),
    plain(
        "Notes",
        "Undeliverable message",
        "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\ngone@fabrikam.example\n\n"
        f"------- Returned Message --------\n\n{COPY}",
        sender="Postmaster@fabrikam.example",
    ),
    parts(
        "Amazon SES",
        "Delivery Status Notification (Failure)",
        part("text/plain", "An error occurred while trying to deliver the mail to the following recipients:\ngone@fabrikam.example"),
        status(recipient()),
        RFC822,
        sender="MAILER-DAEMON@eu-west-1.amazonses.example",
    ),
    parts(
        "Mimecast",
        "[Postmaster] Email Delivery Failure",
        part(
            "text/plain",
            "This is a delivery failure notification message indicating that\nan email you addressed to email address :\n--"
            " gone@fabrikam.example\n\ncould not be delivered. The problem appears to be :\n-- Recipient email address is possibly"
            " incorrect\n\nAdditional information follows :\n-- 550 5.4.1 Recipient address rejected: Access denied",
        ),
        part("text/rfc822-headers", original()),
        kind="mixed",
        sender="postmaster@mimecast.example",
        more=f"{BACK}{AUTO}",
    ),
    parts(
        "Proofpoint",
        "Undeliverable: Returned mail",
        part("text/plain", "Your message could not be delivered."),
        status(recipient("<gone@fabrikam.example> (Gone)", words="SMTP; 554 5.7.1 Blocked")),
        RFC822,
    ),
    parts(
        "Barracuda",
        "**Message you sent blocked by our bulk email filter**",
        part("text/plain", "Your message to: gone@fabrikam.example\nwas blocked by our Spam Firewall."),
        status(recipient(words="smtp; 550 5.7.1 Blocked")),
        part("text/rfc822-headers", original()),
    ),
    parts(
        "Courier",
        "NOTICE: mail delivery status.",
        part("text/plain", "This is a delivery status notification from fabrikam.example.\n\nUNDELIVERABLE MAIL"),
        status(recipient(words="unknown; 550 User unknown.")),
        RFC822,
        sender='"Courier mail server at fabrikam.example" <@fabrikam.example>',
    ),
    plain(
        "MDaemon",
        "Permanent Delivery Failure",
        "The following data may contain sections which represent BASE64 encoded\nfile attachments.\n\nFailed address:"
        " gone@fabrikam.example\n\n--- Session Transcript ---\n Tue: --> RCPT To:<gone@fabrikam.example>\n Tue: <-- 550 5.1.1 User"
        f" unknown\n--- End Transcript ---\n\n: Message contains [1] file attachments\n{COPY}",
        sender='"MDaemon at fabrikam.example" <MDaemon@fabrikam.example>',
    ),
    parts(
        "IronPort",
        "Delivery Status Notification (Failure)",
        part(
            "text/plain",
            "The following message to <gone@fabrikam.example> was undeliverable.\n"
            "The reason for the problem:\n5.1.0 - Unknown address error 550-'5.1.1 User unknown'",
        ),
        RFC822,
    ),
    parts(
        "James",
        "[BOUNCE]",
        part(
            "text/plain",
            "Hi. This is the James mail server at fabrikam.example.\nI'm afraid I wasn't able to deliver your message to the following"
            " addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.  Below\nI include the list of recipients and"
            " the reason why I was unable to deliver\nyour message.\n\nFailed recipient(s):\ngone@fabrikam.example\n\nError message:\n550"
            " 5.1.1 User unknown\n",
        ),
        RFC822,
        kind="mixed",
        sender="postmaster@fabrikam.example",
    ),
    plain(
        "hMailServer",
        "Message undeliverable: Offer",
        f"Your message did not reach some or all of the intended recipients.\n\n   Sent: Tue, 6 Jan 2026\n   Subject: {SAID}\n\nThe"
        " following recipient(s) could not be reached:\n\ngone@fabrikam.example\n   Error Type: SMTP\n   Remote server (192.0.2.1) issued"
        " an error.\n   hMailServer sent: RCPT TO:<gone@fabrikam.example>\n   Remote server replied: 550 5.1.1 User"
        " unknown\n\nhMailServer\n",
        sender="mailer-daemon@fabrikam.example",
        more=f"{BACK}References: {ID}\n",
    ),
    plain(
        "SMTP32",
        "Undeliverable Mail",
        f"Unknown user: gone@fabrikam.example\n\n\nOriginal message follows.\n\n{COPY}",
        sender="Postmaster <postmaster@fabrikam.example>",
        more=f"{BACK}X-Mailer: <SMTP32 v8.22>\n",
    ),
    parts(
        "Symantec",
        "Delivery failure",
        part(
            "text/plain",
            "Your message was unable to be delivered.\n\nUnable to deliver message to:\n    gone@fabrikam.example\n"
            "Reason: 550 5.1.1 User unknown",
        ),
        RFC822,
        kind="mixed",
        sender="Symantec_AntiVirus_for_SMTP_Gateways@fabrikam.example",
    ),
    plain(
        "T-Online",
        "Mail delivery failed: returning message to sender",
        "|------------------------- Message log follows: -------------------------|\n no valid recipients were"
        " found\n|------------------------- Failed addresses follow: ---------------------|\n <gone@fabrikam.example>\n   552 5.2.2 Quota"
        f" exceeded\n\n|------------------------- Message header follows: ----------------------|\n{original()}",
    ),
    parts(
        "MailMarshal",
        f'Undeliverable Mail: "{SAID}"',
        part(
            "text/plain",
            f"Your message:\n   From:    {OURS}\n   Subject: {SAID}\n\nCould not be delivered because of\n\n"
            "550 5.1.1 User unknown\n\nThe following recipients were affected:\n    gone@fabrikam.example\n",
        ),
        RFC822,
        kind="mixed",
        sender="PostMaster@fabrikam.example",
    ),
    parts(
        "Oracle",
        "Delivery Notification: Delivery has failed",
        part(
            "text/plain",
            f"This report relates to a message you sent with the following header fields:\n\n  Message-id: {ID}\n  From: {OURS}\n  To:"
            f" gone@fabrikam.example\n  Subject: {SAID}\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient"
            " address: gone@fabrikam.example\n  Reason: Remote SMTP server has rejected address\n  Diagnostic code: smtp;550 5.1.1 User"
            " unknown",
        ),
        kind="mixed",
        sender="postmaster@fabrikam.example",
    ),
    plain(
        "Zoho, HTML",
        "Undelivered Mail Returned to Sender",
        "<html><body>This message was created automatically by mail delivery software.<br>A message that you sent could not be delivered"
        " to one or more of its recipients.<br><br>gone@fabrikam.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 User"
        f" unknown<br><br>Message-Id: {ID.replace('<', '&lt;')}</body></html>",
        content="text/html; charset=utf-8",
        sender="mailer-daemon@mail.zoho.example",
    ),
    plain(
        "Mail.ru",
        "Mail failure",
        f"Это письмо создано автоматически.\nК сожалению, Ваше письмо не может быть доставлено:\n\n{EXIM_FAILED}  gone@fabrikam.example\n"
        f"    {REFUSED}\n\n------ This is a copy of the message, including all the headers. ------\n\n{COPY}",
        content="text/plain; charset=utf-8",
    ),
    parts(
        "Zimbra, no Return-Path", "Undelivered Mail Returned to Sender", part("text/plain", POSTFIX), status(recipient()), RFC822, more=""
    ),
    parts(
        "GroupWise",
        "Message status - undeliverable",
        part("text/plain", "The message that you sent was undeliverable to the following:\n\tgone@fabrikam.example (user not found)\n"),
        RFC822,
        kind="mixed",
        sender="Mailer-Daemon@fabrikam.example",
    ),
    plain(
        "SpamLion",
        "Undeliverable: gone@fabrikam.example",
        f"Your Message\n\nTo:      <gone@fabrikam.example>\n\nSubject: {SAID}\n\nDid not reach the following recipient: "
        "gone@fabrikam.example\n",
        sender="Postmaster <>",
        more=f"{BACK}In-Reply-To: {ID}\n",
    ),
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
