import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.substitute import Substitute, read, read_source

ENGLISH = "The server couldn't retrieve the following message:\r\n\r\n"
NAMED = ('Subject: "Tour"\r\nFrom: "Ana" ("ana@fabrikam.example")\r\nSent date: 3/4/2026 9:00:00 AM\r\n\r\n'
         "The message hasn't been deleted.\r\n")
SUBJECT = "Retrieval using the IMAP4 protocol failed for the\r\n following message: 20417"


def substitute(author="Microsoft Exchange Server", subject=SUBJECT, body=ENGLISH + NAMED, head="", own="text/plain; charset=us-ascii"):
    author = f"From: {author}\r\n" if author is not None else ""
    return f"MIME-Version: 1.0\r\n{head}Content-Type: {own}\r\n{author}To: erp@contoso.example\r\nSubject: {subject}\r\n\r\n{body}"


def found(source):
    octets = source.encode("utf-8", "surrogateescape")
    result = read(email.message_from_bytes(octets, policy=email.policy.SMTP))
    assert read_source(octets) == result, source
    return result


@tagged("post_install", "-at_install")
class TestSubstitute(BaseCase):

    def test_a_substitute_tells_what_it_stands_for(self):
        printable = "Content-Transfer-Encoding: quoted-printable\r\n"
        tour = Substitute("Tour", '"Ana" ("ana@fabrikam.example")')
        encoded = "=?utf-8?B?RGllIE5hY2hyaWNodCBrb25udGUgw7xiZXIgSU1BUDQgbmljaHQgYWJnZXJ1ZmVuIHdlcmRlbjogMTI=?="
        table = {
            "as it is": (substitute(), tour),
            "an older Exchange": (substitute("Microsoft Exchange Server 2010"), tour),
            "quoted": (substitute('"Microsoft Exchange Server"'), tour),
            "POP": (substitute(subject=SUBJECT.replace("IMAP4", "POP3")), tour),
            "quoted-printable": (
                substitute(body="The server couldn=27t retrieve the following message:\r\n", head=printable), Substitute("", "")),
            "typographic apostrophe": (
                substitute(author="postmaster", body="The server couldn’t retrieve the following message:\r\n"), Substitute("", "")),
            "spelled out": (
                substitute(author="postmaster", body="The server could not retrieve the following message:\r\n"), Substitute("", "")),
            "what Exchange cannot name": (
                substitute(body=ENGLISH + 'Subject: "Tour [x]"\r\nFrom: "Not available" ("Not available")\r\n'),
                Substitute("Tour [x]", '"Not available" ("Not available")')),
            "another language": (
                substitute(subject=encoded, body="Der Server konnte die folgende Nachricht nicht abrufen:\r\n"), Substitute("", "")),
            "another subject": (substitute(subject="Message"), tour),
            "no words": (substitute(body=""), Substitute("", "")),
        }
        for name, (source, expected) in table.items():
            with self.subTest(name):
                self.assertEqual(found(source), expected)

    def test_a_message_that_was_sent_is_no_substitute(self):
        ana = "Ana <ana@fabrikam.example>"
        received = "Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\r\n"
        table = {
            "a person asks about it": substitute(ana, head=received),
            "a person's, not received": substitute(ana),
            "From has an address": substitute("Microsoft Exchange Server <x@contoso.example>"),
            "From is an address": substitute("ana@fabrikam.example"),
            "received": substitute(head=received),
            "it has a Message-Id": substitute(head="Message-ID: <1@fabrikam.example>\r\n"),
            "it has a Return-Path": substitute(head="Return-Path: <>\r\n"),
            "an answer": substitute(ana, subject="RE: " + SUBJECT, head=received),
            "a draft without an address": substitute("Ana", subject="Tour on 12", body="Hello"),
            "a draft that quotes it": substitute("Ana", subject="IMAP", body="They say:\r\n" + ENGLISH),
            "a draft about IMAP4 with a number": substitute("Ana", subject="IMAP4 port 993", body="Hello"),
            "Exchange's, about something else": substitute(subject="Your mailbox is full", body="Delete something.\r\n"),
            "with a file": substitute(own="multipart/mixed; boundary=x", body="--x\r\n\r\n" + ENGLISH + "\r\n--x--\r\n"),
            "two authors": substitute(head="From: Ana\r\n"),
            "no author": substitute(None),
            "empty": "",
        }
        for name, source in table.items():
            with self.subTest(name):
                self.assertIsNone(found(source))
