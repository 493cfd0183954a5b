import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.receipt import Receipt, read

HEAD = "From: Ana <ana@fabrikam.example>\r\nTo: erp@contoso.example\r\nSubject: Read: Visit\r\nMessage-ID: <r1@fabrikam.example>\r\n"
ANSWER = HEAD + "In-Reply-To: <m1@erp>\r\nReferences: <m0@erp> <m1@erp>\r\n"
TEXT = "--b\r\nContent-Type: text/plain\r\n\r\nYour message was read.\r\n"
FIELDS = "Final-Recipient: rfc822;ana@fabrikam.example\r\nOriginal-Message-ID: {}\r\nDisposition: {}\r\n"
DISPLAYED = "manual-action/MDN-sent-automatically; displayed"


def mdn(original="<m1@erp>", disposition=DISPLAYED, head=HEAD, own="multipart/report; report-type=disposition-notification", part=""):
    return (f"{head}Content-Type: {own}; boundary=b\r\n\r\n{TEXT}--b\r\nContent-Type: message/disposition-notification\r\n{part}\r\n"
            f"{FIELDS.format(original, disposition)}\r\n--b--\r\n")


def parsed(source):
    return email.message_from_bytes(source.encode("utf-8", "surrogateescape"), policy=email.policy.SMTP)


@tagged("post_install", "-at_install")
class TestReceipt(BaseCase):

    def test_a_receipt_says_which_message_was_read_or_not(self):
        opaque = "Content-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3\r\n"
        table = {
            "RFC 8098": (mdn(), ("<m1@erp>",), True),
            "with In-Reply-To": (mdn("<m9@erp>", head=ANSWER), ("<m9@erp>", "<m1@erp>"), True),
            "id without brackets": (mdn("m1@erp"), ("<m1@erp>",), True),
            "id on a line of its own": (mdn("\r\n <m1@erp>"), ("<m1@erp>",), True),
            "no id in it": (mdn("", head=ANSWER), ("<m1@erp>",), True),
            "only References": (mdn("", head=HEAD + "References: <m0@erp>\r\n <m1@erp>\r\n"), ("<m1@erp>",), True),
            "about nothing": (mdn(""), (), True),
            "deleted unread": (mdn(disposition="automatic-action/MDN-sent-automatically; deleted"), ("<m1@erp>",), False),
            "processed by a program": (mdn(disposition="automatic-action/MDN-sent-automatically; processed"), ("<m1@erp>",), False),
            "displayed with a modifier": (mdn(disposition="manual-action/MDN-sent-manually;displayed/warning"), ("<m1@erp>",), True),
            "report type in capitals, quoted": (mdn(own='Multipart/Report; Report-Type="Disposition-Notification"'), ("<m1@erp>",), True),
            "no report type": (mdn(own="multipart/report"), ("<m1@erp>",), True),
            "a gateway made a mixed one of it": (
                mdn(own="multipart/mixed", head=HEAD + "Auto-Submitted: auto-replied\r\n"), ("<m1@erp>",), True),
            "mixed, null return path": (mdn(own="multipart/mixed", head="Return-Path: <>\r\n" + HEAD), ("<m1@erp>",), True),
            "the part for programs alone": (
                f"{HEAD}Content-Type: message/disposition-notification\r\n\r\n{FIELDS.format('<m1@erp>', DISPLAYED)}", ("<m1@erp>",), True),
            "the part for programs in base64": (
                f"{HEAD}Content-Type: message/disposition-notification\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                "T3JpZ2luYWwtTWVzc2FnZS1JRDogPG0xQGVycD4KRGlzcG9zaXRpb246IG1hbnVhbC1hY3Rpb24vTUROLXNlbnQtbWFudWFsbHk7IGRpc3BsYXllZAo=\r\n",
                ("<m1@erp>",), True),
            "the part for programs is gone": (
                f"{ANSWER}Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n{TEXT}--b--\r\n",
                ("<m1@erp>",), False),
            "the part for programs is gone, in capitals": (
                f"{ANSWER}Content-Type: multipart/report; report-type=Disposition-Notification; boundary=b\r\n\r\n{TEXT}--b--\r\n",
                ("<m1@erp>",), False),
            "S/MIME, in capitals": (
                f"{ANSWER}Content-Type: Application/X-PKCS7-MIME; smime-type=Signed-Receipt\r\n{opaque}", ("<m1@erp>",), True),
            "S/MIME": (
                f"{ANSWER}Content-Type: application/pkcs7-mime; smime-type=signed-receipt; name=smime.p7m\r\n{opaque}",
                ("<m1@erp>",), True),
            "Exchange's class": (f"{ANSWER}X-MS-Exchange-Message-Class: REPORT.IPM.Note.IPNRN\r\n\r\nRead\r\n", ("<m1@erp>",), True),
            "Exchange's class, not read": (
                f"{ANSWER}X-MS-Exchange-Message-Class: REPORT.IPM.Note.IPNNRN\r\n\r\nx\r\n", ("<m1@erp>",), False),
            "Exchange's class in winmail.dat": (
                f"{ANSWER}Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n" + (
                    b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00\x00\x00\x01\x00\x05\x00"
                    b"\x01\x08\x80\x07\x00\x20\x00\x00\x00IPM.Microsoft Mail.Read Receipt\x00"
                ).decode("utf-8", "surrogateescape"), ("<m1@erp>",), True),
        }
        for name, (source, ids, is_read) in table.items():
            with self.subTest(name):
                self.assertEqual(read(parsed(source)), Receipt(ids, is_read))

    def test_what_a_person_writes_is_no_receipt(self):
        plain = "Content-Type: text/plain; charset=utf-8\r\n\r\nRead this, please.\r\n"
        attached = "Content-Disposition: attachment; filename=details.txt\r\n"
        table = {
            "subject alone": HEAD + plain,
            "German subject": HEAD.replace("Read: ", "Gelesen: ") + plain,
            "an answer": ANSWER + plain,
            "asks for a receipt": HEAD + "Disposition-Notification-To: ana@fabrikam.example\r\n" + plain,
            "asks in three ways": HEAD + "Return-Receipt-To: a@fabrikam.example\r\nX-Confirm-Reading-To: a@fabrikam.example\r\n" + plain,
            "quotes one": HEAD + "Content-Type: text/plain\r\n\r\nOriginal-Message-ID: <m1@erp>\r\nDisposition: x/y; displayed\r\n",
            "forwards one": f"{HEAD}Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n\r\nSee below\r\n--f\r\n"
                            f"Content-Type: message/rfc822\r\n\r\n{mdn()}\r\n--f--\r\n",
            "forwards one and nothing else": f"{HEAD}Content-Type: message/rfc822\r\n\r\n{mdn()}",
            "attaches its details": mdn(own="multipart/mixed", part=attached),
            "attaches its details, redirected": mdn(own="multipart/mixed", head=HEAD + "Auto-Submitted: auto-generated\r\n", part=attached),
            "mixed, of a person": mdn(own="multipart/mixed"),
            "delivery report": f"{HEAD}Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n{TEXT}--b\r\n"
                               "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\n\r\n--b--\r\n",
            "signed": f"{HEAD}Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nMIAG\r\n",
            "encrypted": f"{HEAD}Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIAG\r\n",
            "another class": f"{HEAD}X-MS-Exchange-Message-Class: IPM.Note\r\n{plain}",
            "a failed delivery's class": f"{HEAD}X-MS-Exchange-Message-Class: REPORT.IPM.Note.NDR\r\n{plain}",
            "its class in a sentence": f"{HEAD}X-MS-Comment: what is REPORT.IPM.Note.IPNRN\r\n{plain}",
            "winmail.dat of a mail": f"{HEAD}Content-Type: application/ms-tnef\r\n\r\n" + (
                b"\x78\x9f\x3e\x22\x01\x00\x01\x08\x80\x07\x00\x18\x00\x00\x00IPM.Microsoft Mail.Note\x00REPORT.IPM.Note.IPNRN"
            ).decode("utf-8", "surrogateescape"),
            "broken type": HEAD + 'Content-Type: multipart/report; report-type="\r\n\r\nx\r\n',
            "empty type": HEAD + "Content-Type:\r\n\r\nx\r\n",
            "empty": "",
        }
        for name, source in table.items():
            with self.subTest(name):
                self.assertIsNone(read(parsed(source)))
