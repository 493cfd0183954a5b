import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.answering import Answer, answer_to

ANA = "ana@fabrikam.example"
GENERATED = "Auto-Submitted: auto-generated\r\n"


def mail(*headers, path=f"<{ANA}>", author=f"Ana <{ANA}>", results=""):
    lines = [f"Authentication-Results: {results}\r\n"] if results else []
    lines += [f"Return-Path: {path}\r\n"] if path is not None else []
    return "".join([*lines, f"From: {author}\r\n", "To: nobody.here@contoso.example\r\nSubject: Tour\r\n", *headers])


def is_own(address):
    return address.endswith("@contoso.example")


def answer(head, *, is_genuine=True):
    message = email.message_from_bytes(f"{head}\r\nHello\r\n".encode(), policy=email.policy.SMTP)
    return answer_to(message, is_genuine=is_genuine, own_addresses=is_own)


@tagged("post_install", "-at_install")
class TestAnswering(BaseCase):

    def test_a_person_is_answered_at_the_return_path(self):
        other = "bounce.example"
        table = {
            "a mail": (mail(), ANA),
            "without brackets": (mail(path=ANA), ANA),
            "Exchange has written no Return-Path": (mail(path=None), ANA),
            "a Return-Path further down is not Exchange's": (mail("Return-Path: <x@evil.example>\r\n"), ANA),
            "not automatic": (mail("Auto-Submitted: no\r\n"), ANA),
            "suppresses nothing": (mail("X-Auto-Response-Suppress: None\r\n"), ANA),
            "suppresses reports and receipts": (mail("X-Auto-Response-Suppress: DR, NDR, RN, NRN\r\n"), ANA),
            "suppresses out-of-office answers": (mail("X-Auto-Response-Suppress: OOF\r\n"), ANA),
            "suppresses what nobody knows": (mail("X-Auto-Response-Suppress: Small\r\n"), ANA),
            "Precedence: first-class": (mail("Precedence: first-class\r\n"), ANA),
            "redirected by us": (mail(GENERATED, "Resent-From: <sales@contoso.example>\r\n"), ANA),
            "redirected by us, as the rule notes": (mail(GENERATED, "X-MS-Exchange-Inbox-Rules-Loop: sales@contoso.example\r\n"), ANA),
            "a subdomain": (mail(path="<ana@mail.fabrikam.example>"), "ana@mail.fabrikam.example"),
            "the parent domain": (mail(author="Ana <ana@mail.fabrikam.example>"), ANA),
            "another domain that passed SPF": (
                mail(path=f"<x7@{other}>", results=f"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom={other}; dkim=pass"), f"x7@{other}"),
            "SPF in capitals": (mail(path=f"<x7@{other}>", results=f"SPF=Pass smtp.MailFrom={other}"), f"x7@{other}"),
            "SPF names the whole address": (
                mail(path=f"<x7@{other}>", results=f"spf=pass smtp.mailfrom=x7@{other};dmarc=pass"), f"x7@{other}"),
            "names that begin like roles": (mail(path="<noreen.bouncer@fabrikam.example>"), "noreen.bouncer@fabrikam.example"),
            "signed bounce address": (mail(path="<prvs=0123abcd=ana@fabrikam.example>"), "prvs=0123abcd=ana@fabrikam.example"),
            "capitals": (mail(path="<Ana@FABRIKAM.example>"), "Ana@FABRIKAM.example"),
            "an invitation": (mail("Content-Type: text/calendar; method=REQUEST\r\n"), ANA),
        }
        for name, (head, address) in table.items():
            with self.subTest(name):
                self.assertEqual(answer(head), Answer(address, ""))

    def test_why_nobody_is_answered(self):
        foreign = "<x@evil.example>"
        table = {
            "auto-replied": (mail("Auto-Submitted: auto-replied\r\n"), "auto_submitted"),
            "auto-replied, redirected by us": (
                mail("Auto-Submitted: auto-replied\r\n", "Resent-From: sales@contoso.example\r\n"), "auto_submitted"),
            "both, redirected by us": (
                mail(GENERATED, "Auto-Submitted: auto-replied\r\n", "Resent-From: sales@contoso.example\r\n"), "auto_submitted"),
            "auto-generated": (mail(GENERATED), "auto_submitted"),
            "auto-generated, redirected by others": (mail(GENERATED, "Resent-From: <it@fabrikam.example>\r\n"), "auto_submitted"),
            "redirected by us as a name": (
                mail(GENERATED, 'Resent-From: "sales@contoso.example" <it@fabrikam.example>\r\n'), "auto_submitted"),
            "auto-notified": (mail("Auto-Submitted: auto-notified; owner-email=x\r\n"), "auto_submitted"),
            "an autoresponder that we redirect": (
                mail("X-Autoreply: yes\r\n", GENERATED, "Resent-From: sales@contoso.example\r\n"), "auto_submitted"),
            "Exchange itself": (mail(author="<MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@fabrikam.example>"), "auto_submitted"),
            "Precedence: auto_reply": (mail("Precedence: auto_reply\r\n"), "auto_submitted"),
            "all suppressed": (mail("X-Auto-Response-Suppress: All\r\n"), "suppressed"),
            "AutoReply suppressed": (mail("X-Auto-Response-Suppress: DR, OOF, AutoReply\r\n"), "suppressed"),
            "without spaces": (mail("X-Auto-Response-Suppress: oof,autoreply\r\n"), "suppressed"),
            "in the second header": (mail("X-Auto-Response-Suppress: None\r\nX-Auto-Response-Suppress: All\r\n"), "suppressed"),
            "suppressed, redirected by us": (
                mail(GENERATED, "Resent-From: sales@contoso.example\r\nX-Auto-Response-Suppress: All\r\n"), "suppressed"),
            "a list": (mail("List-Id: <dev.lists.example>\r\n"), "list"),
            "a newsletter": (mail("List-Unsubscribe: <https://lists.example/u>\r\n"), "list"),
            "a list with help": (mail("LIST-HELP: <mailto:help@lists.example>\r\n"), "list"),
            "bulk": (mail("Precedence: Bulk\r\n"), "bulk"),
            "junk": (mail("Precedence: junk\r\n"), "bulk"),
            "Precedence: list": (mail("Precedence: list\r\n"), "bulk"),
            "null return path": (mail(path="<>"), "null_return_path"),
            "empty return path": (mail(path=""), "null_return_path"),
            "null return path on top": (mail(f"Return-Path: <{ANA}>\r\n", path="<>"), "null_return_path"),
            "our own address": (mail(path="<sales@contoso.example>"), "own_address"),
            "From is our own address": (mail(author="Sales <sales@contoso.example>"), "own_address"),
            "no address in Return-Path": (mail(path="<MAILER-DAEMON>"), "no_address"),
            "an open bracket in Return-Path": (mail(path=f"<{ANA}"), "no_address"),
            "two in Return-Path": (mail(path=f"<{ANA}>, <x@evil.example>"), "no_address"),
            "no address in From": (mail(author="Ana"), "no_address"),
            "two in From": (mail(author=f"{ANA}, x@evil.example"), "no_address"),
            "two headers From": (mail("From: x@evil.example\r\n"), "no_address"),
            "no domain": (mail(path="<ana@localhost>", author="Ana <ana@localhost>"), "foreign_return_path"),
            "foreign": (mail(path=foreign), "foreign_return_path"),
            "a domain that ends alike": (mail(path="<ana@evilfabrikam.example>"), "foreign_return_path"),
            "foreign, SPF failed": (mail(path=foreign, results="spf=fail smtp.mailfrom=evil.example; dkim=pass"), "foreign_return_path"),
            "foreign, SPF passed for another": (
                mail(path=foreign, results="spf=pass smtp.mailfrom=fabrikam.example"), "foreign_return_path"),
            "foreign, SPF passed further down": (
                mail("Authentication-Results: spf=pass smtp.mailfrom=evil.example\r\n", path=foreign, results="spf=none"),
                "foreign_return_path"),
            "foreign, SPF passed in a comment": (
                mail(path=foreign, results="spf=none (a; spf=pass smtp.mailfrom=evil.example;)"), "foreign_return_path"),
            "foreign, SPF passed in another result": (
                mail(path=foreign, results="dkim=none header.d=spf=pass smtp.mailfrom=evil.example"), "foreign_return_path"),
            "foreign, two results": (
                mail(path=foreign, results="spf=none smtp.mailfrom=a;spf=pass smtp.mailfrom=evil.example"), "foreign_return_path"),
            "foreign, two senders in a result": (
                mail(path=foreign, results="spf=pass smtp.mailfrom=fabrikam.example smtp.mailfrom=evil.example"), "foreign_return_path"),
            "delivery report": (mail("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n"), "report"),
            "receipt": (mail("Content-Type: message/disposition-notification\r\n"), "report"),
            "meeting answer": (mail("Content-Type: text/calendar; method=REPLY\r\n"), "report"),
        }
        for name, (head, reason) in table.items():
            with self.subTest(name):
                self.assertEqual(answer(head), Answer("", reason))

    def test_roles_read_no_mail(self):
        table = [
            "mailer-daemon", "MAILER-DAEMON", "postmaster", "noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply",
            "noreply-7",
            "orders-noreply", "orders.no-reply+7", "bounce", "bounces", "bounce-77", "bounces+ana=x", "news-bounces", "owner-news",
            "news-request",
            "listserv", "majordomo",
        ]
        for local in table:
            with self.subTest(local):
                self.assertEqual(answer(mail(path=f"<{local}@fabrikam.example>")), Answer("", "role"))
                self.assertEqual(answer(mail(author=f"Shop <{local}@fabrikam.example>")), Answer("", "role"))

    def test_whoever_is_not_genuine_is_not_answered(self):
        self.assertEqual(answer(mail(), is_genuine=False), Answer("", "not_genuine"))
