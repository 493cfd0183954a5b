"""What lies in a mailbox: letters as people write them, with the header that Exchange Online gives them."""
from __future__ import annotations

import random
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

DOMAIN = "sender.example"
_HEADER = """\
Received: from AM9PR01MB1234.eurprd01.prod.exchangelabs.com (2603:10a6:20b:41::20)\r
 by DB8PR01MB5678.eurprd01.prod.exchangelabs.com with HTTPS; Mon, 2 Nov 2026 08:15:33 +0000\r
Received: from mail.{domain} (192.0.2.7) by AM9PR01MB1234.mail.protection.outlook.com (10.13.32.5)\r
 with Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.9253.13;\r
 Mon, 2 Nov 2026 08:15:32 +0000\r
Authentication-Results: spf=pass (sender IP is 192.0.2.7)\r
 smtp.mailfrom={domain}; dkim=pass (signature was verified)\r
 header.d={domain};dmarc=pass action=none\r
 header.from={domain};compauth=pass reason=100\r
X-MS-Exchange-Organization-AuthSource: AM9PR01MB1234.eurprd01.prod.exchangelabs.com\r
X-MS-Exchange-Organization-AuthAs: Anonymous\r
X-MS-Exchange-Organization-SCL: 1\r
Return-Path: {sender}\r
"""
_TEXT = (
    "the delivery of your order was delayed until next week please find our offer below and let us know whether it fits "
    "many thanks for the quick answer kind regards with reference to the invoice number we have not received any payment yet"
)
_WORDS = _TEXT.split()
_STYLE = "margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif;color:#1F3864"


def mixed(number: int, seed: str, recipient: str) -> Iterator[bytes]:
    """Yield so many letters: of ten, five are plain (2 kB), four have HTML as well (20 kB), and one a file of 200 kB.

    A sender writes four at most, as core takes more than 20 within two hours for a loop.

    :param seed: other letters with another one; nothing but the shape is the same, so that no file is known already
    """
    for each in range(number):
        kind = each % 10
        yield _letter(each, seed, each // 4, recipient, html=kind >= 5, attachment=kind == 9)


def plain(number: int, seed: str, recipient: str) -> Iterator[bytes]:
    """Yield so many plain letters of 2 kB, each of another sender."""
    for each in range(number):
        yield _letter(each, seed, each, recipient)


def _letter(number: int, seed: str, author: int, recipient: str, *, html: bool = False, attachment: bool = False) -> bytes:
    chance = random.Random(f"{seed}/{number}")
    sender = f"author{author}.{seed}@{DOMAIN}"
    letter = EmailMessage(policy=SMTP)
    letter["From"] = f"Author {author} <{sender}>"
    letter["To"] = recipient
    letter["Subject"] = f"Bench {seed} {number}"
    letter["Message-ID"] = f"<{number}.{seed}@{DOMAIN}>"
    letter["Date"] = "Mon, 02 Nov 2026 09:15:31 +0100"
    paragraphs = [" ".join(chance.choices(_WORDS, k=50)) for _paragraph in range(6)]
    letter.set_content("\r\n\r\n".join(paragraphs))
    if html:
        rows = [" ".join(chance.choices(_WORDS, k=30)) for _row in range(60)]
        letter.add_alternative("<html><body>" + "".join(
            f'<div><p class="MsoNormal" style="{_STYLE}"><span lang="EN-US">{row}<o:p></o:p></span></p></div>\r\n' for row in rows
        ) + "</body></html>", subtype="html")
    if attachment:
        letter.add_attachment(chance.randbytes(200_000), maintype="application", subtype="pdf", filename=f"offer {number}.pdf")
    return _HEADER.format(domain=DOMAIN, sender=sender).encode("ascii") + letter.as_bytes()
