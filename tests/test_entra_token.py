import tempfile
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..tools.entra.https import HttpClient
from ..tools.secrets import key_pair
from .token_case import BOX, REVOKED, WRONG_SECRET, TokenCase
from .token_service import DIRECTORY, SECRET, clock


@tagged("post_install", "-at_install")
class TestAppToken(TokenCase):

    def test_one_request_serves_every_protocol_as_long_as_the_token_lives(self):
        self.assertEqual({self.token(protocol) for protocol in ("smtp", "imap", "pop", "smtp")}, {"Access~1"})
        with clock(minutes=54):
            self.assertEqual(self.token(), "Access~1")
        [form] = self.asked
        self.assertEqual(form["scope"], "https://outlook.office365.com/.default")
        self.assertEqual(form["client_secret"], SECRET)
        with clock(minutes=56):
            self.assertEqual([self.token(), self.token("imap")], ["Access~2", "Access~2"])
        self.assertEqual(len(self.asked), 2)

    def test_apps_do_not_share_tokens(self):
        self.assertEqual(self.token(), "Access~1")
        self.entra_app = self.entra_app.create(self.app_values(name="Fabrikam"))
        self.assertEqual(self.token(), "Access~2")

    def test_a_refused_token_is_renewed_once_for_all_who_hold_it(self):
        first = self.token()
        self.assertEqual(self.token(renew=first), "Access~2")
        self.assertEqual(self.token("imap", renew=first), "Access~2", "another worker has renewed it already")
        self.assertEqual(len(self.asked), 2)

    def test_a_server_that_refuses_every_token_does_not_cause_a_request_each_time(self):
        second = self.token(renew=self.token())
        self.assertEqual(self.token(renew=second), second, "the same again: the token is not what the server minds")
        self.assertEqual(len(self.asked), 2)
        with clock(minutes=5):
            self.assertEqual(self.token(renew=second), "Access~3")

    def test_a_refusal_holds_for_a_minute_and_a_check_asks_nevertheless(self):
        self.refuses = WRONG_SECRET
        error = self.refused()
        self.assertEqual(error.diagnosis.cause, "entra_secret_invalid")
        self.assertFalse(error.diagnosis.retryable)
        self.assertIn("AADSTS7000215: Invalid client secret provided.", str(error))
        self.assertIn("Copy the column Value", str(error))
        again = self.refused("imap")
        self.assertEqual((str(again), again.diagnosis), (str(error), error.diagnosis))
        self.assertEqual(len(self.asked), 1)
        self.refused(anew=True)
        self.assertEqual(len(self.asked), 2)
        with clock(minutes=1):
            self.refused()
        self.assertEqual(len(self.asked), 3)
        row = self.row()
        self.assertEqual(row.failure_cause, "entra_secret_invalid")
        since = row.failure_since
        self.refuses = None
        self.assertEqual(self.token(anew=True), "Access~4")
        self.assertTrue(since)
        self.assertFalse(self.row().failure_cause or self.row().failure_text or self.row().failure_since)

    def test_what_mends_the_app_ends_the_wait_at_once(self):
        pair = key_pair.make("Test", 30)
        for values in (
            {"client_secret": "another"}, {"client_secret": "another"}, {"client_id": DIRECTORY},
            {"certificate": pair.certificate, "private_key": pair.private_key, "credential": "certificate"}, {"credential": "secret"},
        ):
            with self.subTest(values=list(values)):
                self.tokens._forget__(self.entra_app)
                self.refuses = WRONG_SECRET
                asked = len(self.asked)
                self.refused(anew=True)
                self.refused()
                self.assertEqual(len(self.asked), asked + 1)
                self.refuses = None
                self.entra_app.write(values)
                self.assertEqual(self.token(), f"Access~{asked + 2}")

    def test_what_does_not_mend_it_does_not(self):
        self.refuses = WRONG_SECRET
        self.refused()
        self.entra_app.write({"name": "Contoso, Ltd.", "check_state": "failed", "client_secret_expiry": "2030-01-01"})
        self.env.flush_all()
        self.env.cr.execute("UPDATE office365_app SET write_date = now() at time zone 'utc' + interval '1 minute'")
        self.refused()
        self.assertEqual(len(self.asked), 1)

    def test_an_app_that_was_changed_while_it_was_refused_is_asked_for_again(self):
        self.refuses = WRONG_SECRET
        ask = HttpClient.post

        def changed_meanwhile(client, *args, **kwargs):
            self.entra_app.client_secret = "another"
            self.env.flush_all()
            return ask(client, *args, **kwargs)

        with patch.object(HttpClient, "post", changed_meanwhile):
            self.refused()
        self.refuses = None
        self.assertEqual(self.token(), "Access~2")

    def test_a_key_or_secret_that_is_away_for_a_moment_says_what_to_do_and_leaves_nothing_behind(self):
        secret, file = self.env["office365.secret"], Path(self.enterContext(tempfile.TemporaryDirectory()), "mail_office365", "secret.key")
        self.enterContext(patch.dict(config.options, {"data_dir": str(file.parents[1])}))
        secret._put__(self.entra_app, "client_secret", SECRET)
        key = file.read_bytes()

        def away():
            file.rename(file.with_name("away"))

        def back():
            file.with_name("away").replace(file)

        def write(content):
            return lambda: file.write_bytes(content)

        # What a file may be like: not there, of another, of nobody, cut off, open to all.
        table = [
            (away, back, "is missing.*Restore the file"),
            (write(Fernet.generate_key()), write(key), "its key is not the one that encrypted it.*Enter the secret again"),
            (write(b""), write(key), "not a valid key.*Restore the key that was there"),
            (write(key[:20]), write(key), "not a valid key.*Restore the key that was there"),
            (lambda: file.chmod(0o644), lambda: file.chmod(0o600), "chmod 600"),
            (lambda: (away(), file.mkdir()), lambda: (file.rmdir(), back()), r"cannot read.*system user that Odoo runs as"),
            (lambda: secret._put__(self.entra_app, "client_secret", None),
             lambda: secret._put__(self.entra_app, "client_secret", SECRET), "there is no client secret yet. Enter one"),
        ]
        for number, (spoil, mend, words) in enumerate(table):
            with self.subTest(words=words), clock(minutes=57 * number):
                spoil()
                with self.assertRaisesRegex(UserError, f"(?s){words}"):
                    self.token()
                self.assertFalse(self.row().failure_until)
                mend()
                self.assertEqual(self.token(), f"Access~{number + 1}", "no pause, no new key")

    def test_a_busy_authority_is_left_alone_as_long_as_it_asks(self):
        self.refuses = (429, {"error": "temporarily_unavailable", "error_codes": [90055]}, {"Retry-After": "600"})
        self.assertEqual(self.refused().diagnosis.retry_after, 600)
        with clock(minutes=4):
            error = self.refused()
        self.assertTrue(error.diagnosis.retryable)
        self.assertLessEqual(error.diagnosis.retry_after, 360)
        self.assertEqual(len(self.asked), 1)

    def test_an_authority_that_is_down_is_a_cause_that_passes(self):
        self.entra_app.write({"authority_url": f"https://localhost:1/{self.entra_app.directory_id}", "client_secret": SECRET})
        error = self.refused()
        self.assertTrue(error.diagnosis.retryable)
        self.assertIn("https://localhost:1", str(error))

    def test_a_token_that_lives_is_used_though_another_request_failed(self):
        self.token()
        self.refuses = WRONG_SECRET
        self.refused(anew=True)
        self.assertEqual(self.token("imap"), "Access~1")

    def test_the_database_and_the_log_hold_no_secret(self):
        with self.assertNoSecretLogged(SECRET, "Access~", "Refresh~") as log:
            self.entra_app = self.entra_app.create(self.app_values())
            self.token(renew=self.token())
            self.sign_in()
            self.refuses = REVOKED
            self.refused(account=BOX, anew=True)
            self.env.flush_all()
        self.assertIn("UPDATE \"office365_token\"", log.text, "queries are among it, with their values")
        self.assertIn("correlation_id", log.text, "what MSAL says as well")
        for table in ("office365_token", "office365_secret", "office365_app"):
            self.env.cr.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            for [row] in self.env.cr.fetchall():
                for secret in (SECRET, "Access~", "Refresh~"):
                    self.assertNotIn(secret, row)

    def test_nobody_reads_tokens_and_secrets(self):
        self.token()
        administrator = new_test_user(self.env, "o365.admin", groups="base.group_system")
        for name in ("office365.token", "office365.secret"):
            model = self.env[name].with_user(administrator)
            row = model.sudo().search([], limit=1).sudo(False)
            self.assertTrue(row)
            deeds = {
                "search": lambda model=model: model.search([]),
                "count": lambda model=model: model.search_count([]),
                "group": lambda model=model: model.formatted_read_group([], ["id:count"]),
                "read": lambda row=row: row.read(),
                "export": lambda row=row: row.export_data(["fingerprint"]),
                "create": lambda model=model: model.create({}),
                "write": lambda row=row: row.write({"fingerprint": "x"}),
                "unlink": lambda row=row: row.unlink(),
            }
            for deed, do in deeds.items():
                with self.subTest(model=name, deed=deed), self.assertRaises(AccessError, msg=deed):
                    do()
            own = {attribute for kind in type(model).mro() if kind.__module__.startswith("odoo.addons.mail_office365")
                   for attribute, value in vars(kind).items() if callable(value) and not attribute.startswith("_")}
            self.assertFalse(own, "a public method can be called from outside")

    def test_an_app_that_is_gone_has_no_token(self):
        app = self.entra_app.create(self.app_values())
        self.token()
        self.entra_app = app
        self.token()
        app.unlink()
        self.assertFalse(self.tokens.sudo().search([("app_id", "=", app.id)]))
