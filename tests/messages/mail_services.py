"""Delivery reports in the style of mail services, gateways and groupware."""

from .mail_systems import COPY, EXIM, EXIM_FAILED, LATE, POSTFIX, REFUSED, RFC822, parts, plain
from .written import AUTO, BACK, ID, OURS, SAID, original, part, recipient, status

REPORTS = [
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
]
