import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ..tools.secrets import key_pair
from .common import ERP
from .sign_in import SignInCase

PASSPHRASE = "Open~sesame~1001"


@tagged("post_install", "-at_install")
class TestSecretsUnreadable(SignInCase):
    """Every secret and token that is used, looked for wherever somebody could read it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pair = key_pair.make("Test", 30)
        key = serialization.load_pem_private_key(cls.pair.private_key.encode(), None)
        cls.pfx = base64.b64encode(pkcs12.serialize_key_and_certificates(
            b"test", key, load_pem_x509_certificate(cls.pair.certificate.encode()), None,
            serialization.BestAvailableEncryption(PASSPHRASE.encode())))
        cls.administrator = new_test_user(cls.env, "o365.reader", groups="base.group_system")

    def setUp(self):
        super().setUp()
        self.password_server = self.outgoing()  # core keeps passwords as they are
        self.env.flush_all()

    def use_everything(self):
        """Sign in in every way, send, fetch, check, move; return all secrets that were used."""
        for way in ("secret", "certificate", "code", "device"):
            app = self.signed_in_app(way, servers=True)
            app.outgoing_server_ids.test_smtp_connection()
            app.incoming_server_ids.button_confirm_login()
            app.action_check_sign_in()
        secret_app = self.app()
        self.password_server._office365_switch(secret_app)
        with_pfx = self.app(client_secret=False, certificate_pfx=self.pfx, certificate_passphrase=PASSPHRASE)
        self.entra.app.add_certificate(with_pfx.certificate)
        with_pfx.action_check_sign_in()
        pending = self.app("delegated", "none")
        wizard = self.env["office365.device.sign.in"].browse(
            self.env["office365.device.sign.in"]._begin(pending, ERP)["res_id"])
        device_flow = self.env["office365.secret"]._get__(wizard, "device_flow")
        self.env.flush_all()
        return {
            *self.secrets(), PASSPHRASE, self.servers.password(ERP), self.pfx.decode(),
            self.pair.private_key.splitlines()[12],  # beyond the modulus, which is public
            *(self.env["office365.secret"]._get__(app, "private_key").splitlines()[12]
              for app in self.env["office365.app"].search([("credential", "=", "certificate")])),
            device_flow.partition('"device_code": "')[2].partition('"')[0],
        }

    def assertNone(self, secrets, text, where):  # noqa: N802
        for secret in secrets:
            self.assertNotIn(secret, text, where)

    def test_no_log_holds_a_secret_at_any_level(self):
        with self.assertNoSecretLogged() as capture:
            secrets = self.use_everything()
        self.assertGreater(len(secrets), 10)
        self.assertNone(secrets, capture.text, "the log")
        self.assertNone({base64.b64encode(secret.encode()).decode() for secret in secrets}, capture.text, "the log, in base64")
        self.assertIn("INSERT INTO", capture.text)  # queries are in it

    def test_no_row_of_any_table_holds_a_secret(self):
        secrets = self.use_everything()
        patterns = [f"%{secret}%" for secret in secrets]
        self.env.cr.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for [name] in self.env.cr.fetchall()]
        self.assertIn("office365_secret", tables)
        for table in tables:
            [[found]] = self.env.execute_query(SQL(
                "SELECT count(*) FROM %s AS line WHERE line::text LIKE ANY(%s)", SQL.identifier(table), patterns))
            self.assertFalse(found, table)

    def test_no_answer_to_an_administrator_holds_a_secret(self):
        secrets = self.use_everything()
        for name in ("office365.app", "ir.mail_server", "fetchmail.server", "office365.device.sign.in", "office365.switch"):
            with self.subTest(model=name):
                self.assertNone(secrets, self.answers(self.env[name].with_user(self.administrator)), name)
        messages = self.env["mail.message"].search([("model", "=", "office365.app")])
        self.assertTrue(messages)
        self.assertNone(secrets, str(messages.read()) + str(messages.tracking_value_ids.read()), "the chatter")
        apps = self.env["office365.app"].with_user(self.administrator).search([])
        self.assertNone(secrets, str([app.copy().read() for app in apps]), "copies")

    def answers(self, model):
        """Return all that a remote client gets to read of a model's records."""
        self.env.invalidate_all()
        records = [model.browse(found) for found in model.with_context(active_test=False).search([]).ids]
        names = [name for name, field in model._fields.items() if field.type not in ("one2many", "many2many")]
        specification = {name: {} for name in names}
        values = {name: value for name, value in records[0].read(names)[0].items() if name != "id"} if records else {}
        return str([
            # one by one, as core's field microsoft_outlook_uri is computed for one record only
            [(record.read(), record.web_read(specification), model.web_search_read([("id", "=", record.id)], specification))
             for record in records],
            [record.export_data([name])["datas"] for record in records for name in names],
            model.fields_get(), model.onchange(values, ["name"], {name: {} for name in names}) if records else "",
            model.onchange({}, [], {name: {} for name in names}),
        ])

    def test_what_is_written_is_not_in_the_answer_to_the_same_request(self):
        app = self.app().with_user(self.administrator)
        written = {"client_secret": "Written~1", "certificate": self.pair.certificate, "private_key": self.pair.private_key}
        answer = app.web_save(written, {name: {} for name in [*written, "client_secret_state", "private_key_state"]})
        self.assertEqual(answer, [{
            "id": app.id, "client_secret": False, "certificate": self.pair.certificate, "private_key": False,
            "client_secret_state": "Stored, not shown", "private_key_state": "Stored, not shown"}])

    def test_a_secret_can_not_be_searched_for(self):
        Tenant = self.env["office365.app"].with_user(self.administrator)
        self.app()
        for name in ("client_secret", "private_key", "certificate_pfx", "certificate_passphrase"):
            for operator in ("like", "=", "!="):
                with self.subTest(name=name, operator=operator), self.assertRaises(Exception) as caught:
                    Tenant.search([(name, operator, "a")])
                self.assertIn(type(caught.exception), (ValueError, NotImplementedError))
            with self.assertRaises(ValueError):
                Tenant.formatted_read_group([], [name])

    def test_nobody_gets_at_the_tables_of_secrets_and_tokens(self):
        self.signed_in_app("code")
        for name in ("office365.secret", "office365.token"):
            with self.subTest(model=name), self.assertRaises(Exception) as caught:
                self.env[name].with_user(self.administrator).search([])
            self.assertEqual(type(caught.exception).__name__, "AccessError")

    def test_secret_fields_are_not_offered_for_export(self):
        described = self.env["office365.app"].fields_get()
        for name in ("client_secret", "private_key", "certificate_pfx", "certificate_passphrase"):
            self.assertFalse(described[name]["exportable"])
            self.assertFalse(described[name]["searchable"])
            self.assertFalse(described[name]["store"])
