"""How the messages of the tests are written."""

import base64
import quopri
from typing import NamedTuple

ID = "<4711.1767700000.250000000000001-openerp-12-sale.order@erp>"
OURS = "erp@contoso.example"
SAID = "Offer for Adele"
BACK = "Return-Path: <>\n"
AUTO = "Auto-Submitted: auto-replied\n"


class Message(NamedTuple):
    """A message, and what is right for it: what became of it for whom; None if it is no report."""

    name: str
    source: str
    expected: dict | None


def original(to="gone@fabrikam.example", message_id=ID, more=""):
    return (
        f"Received: from erp by mail.contoso.example; Tue, 6 Jan 2026 09:00:00 +0000\nFrom: Adele <{OURS}>\nTo: {to}\nSubject:"
        f" {SAID}\nMessage-ID: {message_id}\n{more}Date: Tue, 6 Jan 2026 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain;"
        " charset=utf-8\n"
    )


def head(sender, subject, content, more=BACK):
    return (
        f"Received: from mx.fabrikam.example by mail.contoso.example; Tue, 6 Jan 2026 09:01:00 +0000\nFrom: {sender}\nTo:"
        f" <{OURS}>\nSubject: {subject}\nMessage-ID: <r1@mx.fabrikam.example>\nDate: Tue, 6 Jan 2026 09:01:00 +0000\nMIME-Version:"
        f" 1.0\n{more}Content-Type: {content}\n"
    )


def part(content, text, encoding="", charset="utf-8"):
    """Return a part; text in the encoding that is named."""
    if encoding == "base64":
        text = base64.encodebytes(text.encode(charset)).decode()
    elif encoding == "quoted-printable":
        text = quopri.encodestring(text.encode(charset)).decode()
    return f"Content-Type: {content}\n" + (f"Content-Transfer-Encoding: {encoding}\n" if encoding else "") + f"\n{text}\n"


def multipart(*parts, kind="report; report-type=delivery-status", boundary="=_b"):
    return f'multipart/{kind}; boundary="{boundary}"\n\n' + "".join(f"--{boundary}\n{each}\n" for each in parts) + f"--{boundary}--\n"


def status(*recipients, top="Reporting-MTA: dns; mx.fabrikam.example\n"):
    return part("message/delivery-status", top + "\n" + "\n".join(recipients))


def recipient(address="gone@fabrikam.example", action="failed", code="5.1.1", words="smtp; 550 5.1.1 User unknown", before=""):
    return f"{before}Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {code}\nDiagnostic-Code: {words}\n"
