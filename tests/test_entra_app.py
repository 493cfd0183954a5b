import base64
from datetime import date, timedelta
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..const import CLOUDS
from ..tools.secrets import key_pair

DIRECTORY, CLIENT = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"


class AppCase(TransactionCase):

    def app(self, **values):
        return self.env["office365.app"].create({
            "name": "Odoo mail", "directory_id": DIRECTORY, "client_id": CLIENT, **values})


@tagged("post_install", "-at_install")
class TestApp(AppCase):

    def test_authority_and_scopes_follow_the_cloud(self):
        table = {
            "global": ("login.microsoftonline.com", "https://outlook.office365.com/.default", "https://outlook.office.com/SMTP.Send"),
            "gcc_high": ("login.microsoftonline.us", "https://outlook.office365.us/.default", "https://outlook.office365.us/SMTP.Send"),
            "dod": ("login.microsoftonline.us", "https://outlook.office365.us/.default", "https://outlook.office365.us/SMTP.Send"),
            "china": ("login.partner.microsoftonline.cn", "https://partner.outlook.cn/.default", "https://partner.outlook.cn/SMTP.Send"),
        }
        self.assertEqual(set(table), set(CLOUDS))
        for cloud, (host, app_scope, delegated_scope) in table.items():
            app = self.app(cloud=cloud)
            with self.subTest(cloud=cloud):
                self.assertEqual(app.authority_url, f"https://{host}/{DIRECTORY}")
                self.assertEqual(app._scopes("smtp", "app"), [app_scope])
                self.assertEqual(app._scopes("smtp", "delegated"), [delegated_scope])

    def test_authority_and_scopes_can_be_edited(self):
        app = self.app(authority_url=f"https://proxy.contoso.example/{DIRECTORY}", app_scope="https://outlook.office.com/.default")
        self.assertEqual(app.authority_url, f"https://proxy.contoso.example/{DIRECTORY}")
        self.assertEqual(app._scopes("imap"), ["https://outlook.office.com/.default"])

    def test_nothing_but_one_directory_is_taken(self):
        for directory in ("common", "organizations", "consumers", "", "a/b", "evil.example/x", "contoso", "..", "x@evil.example", "a?b"):
            with self.subTest(directory=directory), self.assertRaises(UserError):
                self.app(directory_id=directory)
        self.assertEqual(self.app(directory_id="contoso.onmicrosoft.com").authority_url,
                         "https://login.microsoftonline.com/contoso.onmicrosoft.com")

    def test_an_authority_that_leads_elsewhere_is_refused(self):
        for url in (f"http://login.microsoftonline.com/{DIRECTORY}", "https://login.microsoftonline.com/common",
                    f"https://user@evil.example/{DIRECTORY}", f"https://evil.example/x/{DIRECTORY}", f"https://evil.example/?{DIRECTORY}",
                    "https://login.microsoftonline.com/22222222-2222-3333-4444-555555555555"):
            with self.subTest(url=url), self.assertRaisesRegex(ValidationError, "authority must be https"):
                self.app(authority_url=url)

    def test_an_app_that_signs_in_as_itself_proves_itself(self):
        with self.assertRaisesRegex(ValidationError, "needs a client secret or a certificate"):
            self.app(credential="none")
        self.assertIsNone(self.app(credential="none", auth_flow="delegated")._app__().credential)

    def test_single_permissions_are_no_app_only_scope(self):
        with self.assertRaisesRegex(ValidationError, "must be https://outlook.office365.com/.default"):
            self.app(app_scope="https://outlook.office365.com/SMTP.SendAsApp")

    def test_only_administrators_see_apps(self):
        user = new_test_user(self.env, "o365.nobody", groups="base.group_user,base.group_erp_manager")
        with self.assertRaises(AccessError):
            self.app().with_user(user).read(["name"])

    def test_an_app_in_use_is_not_deleted(self):
        app = self.app()
        self.env["ir.mail_server"].create({"office365_preset": "submission", "office365_app_id": app.id, "smtp_user": "a@b.example"})
        with self.assertRaises(Exception), self.env.cr.savepoint():  # noqa: B017 - PostgreSQL's own
            app.unlink()


@tagged("post_install", "-at_install")
class TestCredential(AppCase):

    def test_a_secret_is_used_and_never_read(self):
        app = self.app(client_secret=" s3cret ")
        self.assertFalse(app.client_secret)
        self.assertEqual(app.client_secret_state, "Stored, not shown")
        self.assertEqual(app._app__().credential, "s3cret")
        app.client_secret = "other"
        self.assertFalse(app.client_secret)
        self.assertEqual(app._app__().credential, "other")
        app.client_secret = False
        self.assertFalse(app.client_secret_state)
        with self.assertRaisesRegex(UserError, "no client secret yet"):
            app._app__()

    def test_a_copied_record_has_no_secret(self):
        app = self.app(client_secret="s3cret", client_secret_expiry=date(2030, 1, 1))
        self.assertFalse(app.copy().client_secret_state)
        self.assertFalse(app.copy().client_secret_expiry)

    def test_the_form_keeps_a_secret_that_is_not_entered_again(self):
        app = self.app(client_secret="s3cret")
        with Form(app) as form:
            form.name = "Renamed"
        self.assertEqual(app._app__().credential, "s3cret")

    def test_another_host_is_not_told_the_secret_of_the_first(self):
        app = self.app(client_secret="s3cret")
        app.authority_url = f"https://evil.example/{DIRECTORY}"
        self.assertFalse(app.client_secret_state)
        app.write({"authority_url": f"https://proxy.contoso.example/{DIRECTORY}", "client_secret": "s3cret"})
        self.assertEqual(app._app__().credential, "s3cret")

    def test_a_key_pair_is_made_and_its_public_part_offered(self):
        app = self.app()
        app.action_make_key_pair()
        self.assertEqual(app.credential, "certificate")
        self.assertFalse(app.private_key)
        self.assertEqual(app.private_key_state, "Stored, not shown")
        pair = app._app__().credential
        self.assertEqual(app.certificate_thumbprint, pair.thumbprint)
        self.assertEqual(app.certificate_expiry, pair.not_after.date())
        der = load_pem_x509_certificate(pair.certificate.encode()).public_bytes(serialization.Encoding.DER)
        self.assertEqual(base64.b64decode(app.certificate_cer), der)
        with self.assertRaisesRegex(UserError, "there is a key pair already"):
            app.action_make_key_pair()

    def test_a_pair_in_pem_is_taken(self):
        pair = key_pair.make("Test", 30)
        app = self.app(certificate=pair.certificate, private_key=pair.private_key)
        self.assertEqual(app.credential, "certificate")
        self.assertEqual(app._app__().credential, pair)
        app.certificate = False
        self.assertFalse(app.private_key_state)

    @staticmethod
    def pfx(pair):
        return pkcs12.serialize_key_and_certificates(
            b"test", serialization.load_pem_private_key(pair.private_key.encode(), None),
            load_pem_x509_certificate(pair.certificate.encode()), None, serialization.BestAvailableEncryption(b"open sesame"))

    def test_a_pfx_file_is_taken_with_its_passphrase(self):
        pair = key_pair.make("Test", 30)
        content = self.pfx(pair)
        app = self.app(certificate_pfx=base64.b64encode(content), certificate_passphrase="open sesame")
        self.assertEqual(app._app__().credential, pair)
        self.assertEqual(app.read(["certificate_pfx", "certificate_passphrase"])[0],
                         {"id": app.id, "certificate_pfx": False, "certificate_passphrase": False})
        with self.assertRaisesRegex(ValidationError, "cannot be opened"):
            self.app(certificate_pfx=base64.b64encode(content), certificate_passphrase="wrong")

    def test_a_pair_that_is_none_names_the_remedy(self):
        one, other = key_pair.make("One", 30), key_pair.make("Other", 30)
        now = fields.Datetime.now()
        ended, later = key_pair.make("Ended", 30, now - timedelta(days=31)), key_pair.make("Later", 30, now + timedelta(days=1))
        table = [
            ({"certificate": "x"}, "holds no certificate in PEM"),
            ({"certificate": one.certificate, "private_key": other.private_key}, "do not belong together"),
            ({"certificate": one.certificate, "private_key": "x"}, "holds no private key in PEM"),
            ({"certificate_pfx": base64.b64encode(b"x")}, "cannot be opened"),
            ({"certificate": ended.certificate, "private_key": ended.private_key}, "the certificate has ended"),
            ({"certificate": later.certificate, "private_key": later.private_key}, "the certificate is not valid yet"),
            ({"certificate_pfx": base64.b64encode(self.pfx(ended)), "certificate_passphrase": "open sesame"}, "the certificate has ended"),
        ]
        for values, text in table:
            with self.subTest(text=text), self.assertRaisesRegex(ValidationError, text):
                self.app(**values)


@tagged("post_install", "-at_install")
class TestReminders(AppCase):

    def setUp(self):
        super().setUp()
        new_test_user(self.env, "o365.second", groups="base.group_system")
        self.administrators = len(self.env.ref("base.group_system").all_user_ids.filtered(lambda user: user.active and not user.share))
        self.today = fields.Date.context_today(self.env["office365.app"])

    def at(self, days, app):
        """Let some days pass and the cron run; return the open activities."""
        with patch.object(fields.Date, "context_today", lambda *_args: self.today + timedelta(days=days)):
            self.remind()
            return app.activity_ids

    def remind(self):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr)["office365.app"]._cron_remind()
        self.env.invalidate_all()

    def test_one_activity_for_each_administrator_and_threshold(self):
        app = self.app(client_secret_expiry=self.today + timedelta(days=40))
        self.assertFalse(self.at(9, app))
        seen = set()
        for days in (10, 11, 25, 26, 36, 37, 38, 40, 41):
            activities = self.at(days, app)
            with self.subTest(days=days):
                self.assertEqual(len(activities), self.administrators)
                seen.update(activities.ids)
        self.assertEqual(len(seen), 4 * self.administrators)  # 30, 14, 3 days before, and the end
        self.assertIn("ended on", activities[0].summary)

    def test_what_is_done_is_not_raised_again_before_the_next_threshold(self):
        app = self.app(client_secret_expiry=self.today + timedelta(days=30))
        app.activity_ids.action_feedback(feedback="Seen")
        self.assertFalse(self.at(1, app))
        self.assertTrue(self.at(16, app))

    def test_renewal_ends_the_reminders(self):
        app = self.app(client_secret_expiry=self.today + timedelta(days=2))
        self.assertTrue(app.activity_ids)
        self.assertIn("ends on", app.expiry_notice)
        app.client_secret_expiry = self.today + timedelta(days=365)
        self.assertFalse(app.activity_ids)
        self.assertFalse(app.expiry_notice)

    @mute_logger("odoo.addons.mail_office365.models.one_by_one")
    def test_an_app_that_fails_keeps_nobody_from_being_reminded_of_the_others(self):
        apps = self.app() | self.app(name="Fabrikam")
        ends, today = type(apps)._ends, self.today

        def broken(app):
            if app.id == apps.ids[0]:
                raise ValueError("broken")
            return {**ends(app), "client_secret": ("The client secret", today)}

        with patch.object(type(apps), "_ends", broken):
            self.remind()
        self.assertEqual([bool(app.activity_ids) for app in apps], [False, True])

    def test_a_certificate_that_ends_is_named(self):
        pair = key_pair.make("Test", 10)
        app = self.app(certificate=pair.certificate, private_key=pair.private_key)
        self.assertIn("The certificate ends on", app.expiry_notice)
        self.assertTrue(app.activity_ids)
