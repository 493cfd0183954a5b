import logging
import re

from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, JsonRpcException, TransactionCase, tagged
from odoo.tools import hash_sign, mute_logger

from ..models.identity.res_users_link import PATH
from ..tools.identity import alias_link
from ..tools.secrets.redaction import RequestFilter
from .common import BRANT, ERP
from .links import LinkMixin


@tagged("post_install", "-at_install")
class TestLinkPage(LinkMixin, HttpCase):
    """The page that the link leads to, for somebody who is not logged in."""

    def open(self, token):
        return self.url_open(f"{PATH}?token={token}")

    def press(self, token, csrf_token=None):
        if csrf_token is None:
            csrf_token = re.search(r'name="csrf_token" value="(\w+)"', self.open(token).text)[1]
        return self.url_open(PATH, data={"token": token, "csrf_token": csrf_token})

    def test_the_link_from_the_mailbox_confirms_without_login_and_once_only(self):
        token = self.ask()
        sent = self.links()
        self.assertEqual(sent.recipients, [BRANT])
        self.assertEqual([m["Message-ID"] for m in self.servers.mailbox(BRANT).messages()], [sent.message_id])
        page = self.open(token)
        self.assertEqual(page.status_code, 200)
        self.assertIn("<title>Confirm your email address</title>", page.text)
        for text in ("Brant Wadsworth", "o365.brant", BRANT, self.env.company.name):
            self.assertIn(text, page.text)
        self.assertIn("Confirmed. Mail that", self.press(token).text)
        self.assertEqual(self.confirmed(), BRANT)
        self.assertEqual(self.brant.office365_alias_state, "confirmed")
        csrf_token = re.search(r'csrf_token: "(\w+)"', self.open(token).text)[1]
        self.assertIn("confirmed already", self.press(token, csrf_token).text)
        self.assertEqual([change[0] for change in self.changes()], ["requested", "confirmed"])

    def test_opening_the_link_changes_nothing_however_often(self):
        token = self.ask()
        for method in ("GET", "HEAD", "GET"):
            self.assertEqual(self.url_open(f"{PATH}?token={token}", method=method).status_code, 200)
        self.assertFalse(self.confirmed())
        self.assertEqual(self.use(token), "confirmed")

    def test_the_button_needs_the_csrf_token(self):
        token = self.ask()
        for csrf_token in ("", "0" * 40):
            with mute_logger("odoo.http"):
                self.assertEqual(self.press(token, csrf_token).status_code, 400)
        self.assertFalse(self.confirmed())

    def test_the_page_can_not_be_framed_cached_or_leak_its_address(self):
        headers = self.open(self.ask()).headers
        self.assertEqual(headers["X-Frame-Options"], "DENY")
        self.assertEqual(headers["Content-Security-Policy"], "frame-ancestors 'none'")
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")

    def test_every_state_has_its_sentence(self):
        token = self.ask()
        tampered = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
        for text in ("", "x", "%00", "ä", tampered, "AQ", token[:40]):
            with self.subTest(token=text):
                self.assertIn("not valid for this database", self.open(text).text)
        self.later(alias_link.LIFETIME)
        self.assertIn("older than 48 hours", self.open(token).text)
        self.later(-alias_link.LIFETIME + 60)
        self.brant.with_user(self.brant).action_office365_resend_link()
        self.assertIn("belongs to an older request", self.open(token).text)
        newest = self.token()
        page = self.open(newest)
        self.assertIn("asks to send mail", page.text)
        self.set_alias(self.other, BRANT)
        csrf_token = re.search(r'name="csrf_token" value="(\w+)"', page.text)[1]
        self.assertIn("now belongs to someone else", self.press(newest, csrf_token).text)
        self.assertFalse(self.confirmed())
        self.brant.active = False
        self.assertIn("archived or no longer an internal user", self.press(newest, csrf_token).text)

    def test_an_uploaded_file_is_no_token(self):
        token = self.ask()
        csrf_token = re.search(r'name="csrf_token" value="(\w+)"', self.open(token).text)[1]
        page = self.url_open(PATH, data={"csrf_token": csrf_token}, files={"token": b"x"})
        self.assertIn("not valid for this database", page.text)

    def test_the_token_reaches_no_log(self):
        with self.assertLogs(level="DEBUG") as logs:
            token = self.ask()
            self.press(token)
            with mute_logger("odoo.http"):
                self.press(token, "0" * 40)
        self.assertEqual(self.confirmed(), BRANT)
        # But for the browser's own log, and the trace of SQL, which is off: it shows whatever is stored, as the body of a mail.
        text = "\n".join(
            record.getMessage() for record in logs.records if not record.name.startswith(("urllib3", "odoo.sql_db")))
        self.assertNotIn(token, text)

    def test_the_log_of_requests_leaves_the_token_out(self):
        # As werkzeug writes it; the server of the tests writes none.
        log = logging.getLogger("werkzeug")
        self.assertTrue(any(isinstance(each, RequestFilter) for each in log.filters))
        for path, query, logged in (
            (PATH, "token=secret", f"{PATH}?…"), (PATH, "utm=1&token=secret", f"{PATH}?…"), ("/web/login", "x=1", "/web/login?x=1"),
        ):
            record = log.makeRecord(
                "werkzeug", logging.INFO, "", 0, '%s - - "GET %s?%s HTTP/1.1" %s -', ("127.0.0.1", path, query, 200), None)
            self.assertTrue(RequestFilter([PATH]).filter(record))
            self.assertEqual(record.getMessage(), f'127.0.0.1 - - "GET {logged} HTTP/1.1" 200 -')

    def test_a_user_can_confirm_nothing_over_rpc(self):
        token = self.ask()
        self.authenticate("o365.brant", "o365.brant")
        brant = self.brant.id
        calls = [
            ("write", [[brant], {"office365_alias_confirmed": BRANT}]),
            ("write", [[brant], {"office365_alias_state": "confirmed"}]),
            ("write", [[brant], {"office365_alias_in_force": BRANT}]),
            ("write", [[brant], {"office365_alias_nonce": alias_link.digest("x")}]),
            ("write", [[brant], {"office365_links_sent": []}]),
            ("read", [[brant], ["office365_alias_nonce"]]),
            ("search", [[("office365_alias_nonce", "like", "%")]]),
            ("action_office365_confirm_alias", [[brant]]),
            ("_office365_put_in_force", [[brant], BRANT, "alias"]),
            ("_office365_use_link", [token]),
            ("_office365_send_link", [[brant], "alias"]),
            ("_office365_record_change", [[brant], "confirmed", False, BRANT]),
        ]
        for method, args in calls:
            with self.subTest(method=method, args=args), self.assertRaises(JsonRpcException), mute_logger("odoo.http"):
                self.make_jsonrpc_request(
                    f"/web/dataset/call_kw/res.users/{method}",
                    {"model": "res.users", "method": method, "args": args, "kwargs": {}})
        self.assertFalse(self.confirmed())

    def test_somebody_elses_session_does_not_matter(self):
        token = self.ask()
        self.authenticate("o365.portal", "o365.portal")
        self.assertIn("Confirmed. Mail that", self.press(token).text)
        self.assertEqual(self.changes()[-1], ("confirmed", "o365.portal", False, BRANT))


@tagged("post_install", "-at_install")
class TestLink(LinkMixin, TransactionCase):
    """What a link proves, and what it does not."""

    def test_the_mail_says_who_asks_and_leaves_as_the_system(self):
        self.ask()
        sent = self.links()
        self.assertEqual(sent.login, ERP)
        self.assertNotIn(BRANT, sent.header_from)
        self.assertNotIn("brant@private.example", sent.header_from)
        text = sent.message.get_body(("plain",)).get_content()
        for part in ("Brant Wadsworth", "o365.brant", BRANT, "48 hours", "If this is not you"):
            self.assertIn(part, text)
        self.assertEqual(sent.message["Auto-Submitted"], "auto-generated")
        self.assertFalse(self.env["mail.mail"].search([("email_to", "=", BRANT)]), "the mail holds the link")

    def test_the_mail_never_leaves_as_the_address_to_confirm(self):
        self.env.company.email = BRANT
        self.ask()
        self.assertNotIn(BRANT, self.links().header_from)

    def test_no_header_can_be_written_through_names_and_addresses(self):
        for alias in ("a@contoso.example\nBcc: x@evil.example", "a@contoso.example\r\n\r\nHello", "a@contoso.example, x@evil.example",
                      "a@contoso.example\x00", '"x\n" <a@contoso.example>'):
            with self.subTest(alias=alias), self.assertRaises(ValidationError):
                self.brant.with_user(self.brant).write({"office365_alias": alias})
        self.assertFalse(self.servers.accepted)
        self.brant.name = "Brant\r\nBcc: x@evil.example\r\n\r\n<script>alert(1)</script>"
        self.ask()
        sent = self.links()
        self.assertEqual(sent.recipients, [BRANT])
        self.assertIsNone(sent.message["Bcc"])
        self.assertNotIn("<script>", sent.message.get_body(("html",)).get_content())

    def test_a_link_that_comes_back_into_odoo_becomes_no_record(self):
        incoming = self.incoming(object_id=self.env["ir.model"]._get_id("res.partner"))
        token = self.ask("nobody@contoso.example")  # the catch-all of the tenant: the mailbox that Odoo fetches
        self.assertEqual(len(self.servers.mailbox(ERP).messages()), 1)
        before = self.env["res.partner"].search_count([])
        incoming.button_confirm_login()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            incoming.with_env(incoming.env(cr=cr)).fetch_mail()
        self.env.invalidate_all()
        self.assertIn("S", self.servers.mailbox(ERP).messages()[0].flags, "it was fetched")
        self.assertEqual(self.env["res.partner"].search_count([]), before)
        self.assertFalse(self.env["mail.message"].search([("body", "like", token)]))

    def test_an_older_link_does_not_work(self):
        older = self.ask()
        self.later(60)
        newer = self.ask("brant@contoso.example")
        self.assertEqual(self.use(older), "replaced")
        self.assertEqual(self.use(newer), "confirmed")
        self.assertEqual(self.use(older), "replaced")
        self.assertEqual(self.confirmed(), "brant@contoso.example")

    def test_a_link_expires(self):
        token = self.ask()
        self.later(alias_link.LIFETIME)
        self.assertEqual(self.use(token), "expired")
        self.later(-1)
        self.assertEqual(self.use(token), "confirmed")

    def test_a_link_of_one_user_is_of_no_use_for_another(self):
        token = self.ask()
        self.ask("other@contoso.example", self.other)
        self.assertEqual(self.use(token), "confirmed")
        self.assertFalse(self.confirmed(self.other))
        # Not even who can sign, but does not know the nonce, can turn one into the other.
        forged = hash_sign(self.env, alias_link.SCOPE, [
            "alias", self.other.id, "other@contoso.example", "nonce", self.clock() + 60])
        self.assertEqual(self.use(forged), "replaced")

    def test_a_signature_of_another_purpose_or_database_is_no_link(self):
        token = self.ask()
        values = ["alias", self.brant.id, BRANT, "nonce", self.clock() + 60]
        self.assertEqual(self.use(hash_sign(self.env, "another scope", values)), "invalid")
        self.assertEqual(self.use(hash_sign(self.env, alias_link.SCOPE, {"alias": 1})), "invalid")
        self.env["ir.config_parameter"].set_param("database.secret", "another")
        self.assertEqual(self.use(token), "invalid")

    def test_the_link_works_whatever_the_database_is_called_by_then(self):
        token = self.ask()
        self.env["ir.config_parameter"].set_param("web.base.url", "https://moved.contoso.example")
        self.assertEqual(self.use(token), "confirmed")

    def test_no_link_is_sent_if_odoo_does_not_know_its_address(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "odoo.contoso.com")
        with self.assertRaisesRegex(UserError, "web.base.url is “odoo.contoso.com”"):
            self.brant.with_user(self.brant).write({"office365_alias": BRANT})
        self.assertFalse(self.servers.accepted)

    def test_a_user_who_became_external_confirms_nothing(self):
        token = self.ask()
        self.brant.group_ids = self.env.ref("base.group_portal")
        self.assertEqual(self.use(token), "archived")

    def test_a_domain_that_is_no_longer_ours_is_not_confirmed(self):
        second = self.env["mail.alias.domain"].create({"name": "second.example"})
        token = self.ask("brant@second.example")
        second.unlink()
        self.assertEqual(self.use(token), "taken")

    def test_the_users_own_email_is_confirmed_by_the_same_link(self):
        brant = self.brant.with_user(self.brant)
        self.assertFalse(brant.office365_email_state)
        with self.assertRaisesRegex(UserError, "no email address to confirm"):
            brant.action_office365_confirm_email()
        brant.write({"email": "brant@contoso.example"})
        self.assertEqual(brant.office365_email_state, "unconfirmed")
        brant.action_office365_confirm_email()
        self.assertEqual(self.links().recipients, ["brant@contoso.example"])
        token = self.token()
        self.assertEqual(self.use(token), "confirmed")
        self.assertEqual(self.brant.sudo().partner_id.office365_verified_email, "brant@contoso.example")
        self.assertFalse(brant.office365_email_state)
        self.assertEqual(self.use(token), "used")
        self.assertFalse(self.confirmed(), "it is not the alias")

    def test_the_link_to_an_email_that_was_changed_since_is_of_no_use(self):
        brant = self.brant.with_user(self.brant)
        brant.write({"email": "brant@contoso.example"})
        brant.action_office365_confirm_email()
        token = self.token()
        brant.write({"email": "boss@contoso.example"})
        self.assertEqual(self.use(token), "replaced")
        self.assertEqual(brant.office365_email_state, "unconfirmed")
