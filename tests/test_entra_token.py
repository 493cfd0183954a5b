import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet
from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError
from odoo.modules.module import load_script
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import config, file_path, hmac

from ..models.entra.office365_encrypted import CopiedDatabase, SecretUnreadable
from ..models.entra.office365_token import SignInRefused
from ..tools.entra import token_life
from ..tools.entra.https import HttpClient
from ..tools.entra.tokens import Token
from ..tools.secrets import key_pair
from .common import SecretsMixin
from .token_service import DIRECTORY, SECRET, TokenServiceMixin, clock

BOX = "erp@contoso.example"
PREFIX = "https://outlook.office.com/"
WRONG_SECRET = (401, {"error": "invalid_client", "error_codes": [7000215],
                      "error_description": "AADSTS7000215: Invalid client secret provided."}, {})
REVOKED = (400, {"error": "invalid_grant", "error_description": "AADSTS50173: The provided grant has expired due to it being revoked."}, {})


class TokenCase(TokenServiceMixin, SecretsMixin, TransactionCase):

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.tenant = self.env["office365.app"].create(self.tenant_values())
        self.tokens = self.env["office365.token"]

    def token(self, protocol="smtp", account=None, **kwargs):
        self.env.flush_all()  # other transactions see what is committed, here: what is in the database
        return self.tokens._access_token__(self.tenant, protocol, account, **kwargs)

    def sign_in(self, account=BOX, refresh_token="Refresh~0", scopes=(f"{PREFIX}SMTP.Send",), expires_in=3600, **kwargs):
        """Store what a user's sign-in brings."""
        self.tenant.auth_flow = "delegated"
        self.env.flush_all()
        ends = token_life.to_epoch(token_life.now()) + expires_in
        self.tokens._keep__(self.tenant, Token("Access~0", ends, refresh_token, account, tuple(scopes), **kwargs), account)

    def row(self, **values):
        self.env.invalidate_all()
        return self.tokens.sudo().search([("app_id", "=", self.tenant.id), *((name, "=", value) for name, value in values.items())])

    def refused(self, *args, **kwargs):
        """Return the refusal. Not by assertRaises, which would undo what was written down about it."""
        try:
            self.token(*args, **kwargs)
        except SignInRefused as error:
            return error
        self.fail("a token was given")


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
        self.tenant = self.tenant.create(self.tenant_values(name="Fabrikam"))
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
                self.tokens._forget__(self.tenant)
                self.refuses = WRONG_SECRET
                asked = len(self.asked)
                self.refused(anew=True)
                self.refused()
                self.assertEqual(len(self.asked), asked + 1)
                self.refuses = None
                self.tenant.write(values)
                self.assertEqual(self.token(), f"Access~{asked + 2}")

    def test_what_does_not_mend_it_does_not(self):
        self.refuses = WRONG_SECRET
        self.refused()
        self.tenant.write({"name": "Contoso, Ltd.", "check_state": "failed", "client_secret_expiry": "2030-01-01"})
        self.env.flush_all()
        self.env.cr.execute("UPDATE office365_app SET write_date = now() at time zone 'utc' + interval '1 minute'")
        self.refused()
        self.assertEqual(len(self.asked), 1)

    def test_an_app_that_was_changed_while_it_was_refused_is_asked_for_again(self):
        self.refuses = WRONG_SECRET
        ask = HttpClient.post

        def changed_meanwhile(client, *args, **kwargs):
            self.tenant.client_secret = "another"
            self.env.flush_all()
            return ask(client, *args, **kwargs)

        with patch.object(HttpClient, "post", changed_meanwhile):
            self.refused()
        self.refuses = None
        self.assertEqual(self.token(), "Access~2")

    def test_a_key_or_secret_that_is_away_for_a_moment_says_what_to_do_and_leaves_nothing_behind(self):
        secret, file = self.env["office365.secret"], Path(self.enterContext(tempfile.TemporaryDirectory()), "mail_office365", "secret.key")
        self.enterContext(patch.dict(config.options, {"data_dir": str(file.parents[1])}))
        secret._put__(self.tenant, "client_secret", SECRET)
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
            (write(Fernet.generate_key()), write(key), "another key than the one that encrypted it.*Enter the secret again"),
            (write(b""), write(key), "not a valid key.*Restore the key that was there"),
            (write(key[:20]), write(key), "not a valid key.*Restore the key that was there"),
            (lambda: file.chmod(0o644), lambda: file.chmod(0o600), "chmod 600"),
            (lambda: (away(), file.mkdir()), lambda: (file.rmdir(), back()), r"cannot read.*system user that Odoo runs as"),
            (lambda: secret._put__(self.tenant, "client_secret", None),
             lambda: secret._put__(self.tenant, "client_secret", SECRET), "there is no client secret yet. Enter one"),
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
        self.tenant.write({"authority_url": f"https://localhost:1/{self.tenant.directory_id}", "client_secret": SECRET})
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
            self.tenant = self.tenant.create(self.tenant_values())
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
        tenant = self.tenant.create(self.tenant_values())
        self.token()
        self.tenant = tenant
        self.token()
        tenant.unlink()
        self.assertFalse(self.tokens.sudo().search([("app_id", "=", tenant.id)]))


@tagged("post_install", "-at_install")
class TestUserToken(TokenCase):

    def test_what_a_sign_in_brought_is_used_until_it_ends(self):
        self.sign_in()
        self.assertEqual(self.token(account=BOX.upper()), "Access~0")
        self.assertFalse(self.asked)
        with clock(minutes=56):
            self.assertEqual(self.token(account=BOX), "Access~1")
        [form] = self.asked
        self.assertEqual((form["grant_type"], form["refresh_token"], form["client_secret"]), ("refresh_token", "Refresh~0", SECRET))
        with clock(minutes=112):
            self.token(account=BOX, anew=True)
        self.assertEqual(self.asked[1]["refresh_token"], "Refresh~1", "each one replaces the one before")

    def test_without_a_new_refresh_token_the_old_one_goes_on(self):
        self.sign_in()
        self.rotates = False
        ends = self.row().refresh_expires
        self.token(account=BOX, anew=True)
        self.token(account=BOX, anew=True)
        self.assertEqual([form["refresh_token"] for form in self.asked], ["Refresh~0", "Refresh~0"])
        self.assertEqual(self.row().refresh_expires, ends)

    def test_protocols_share_a_token_instead_of_taking_it_from_each_other(self):
        self.sign_in(scopes=(f"{PREFIX}SMTP.Send",))
        self.assertEqual(self.token("smtp", BOX), "Access~0")
        self.assertEqual([self.token("imap", BOX), self.token("smtp", BOX), self.token("imap", BOX)], ["Access~1"] * 3)
        scopes = set(self.asked[0]["scope"].split())
        self.assertLessEqual({f"{PREFIX}SMTP.Send", f"{PREFIX}IMAP.AccessAsUser.All", "offline_access"}, scopes)

    def test_a_permission_that_is_missing_for_one_protocol_does_not_stop_the_other(self):
        self.sign_in()
        self.refuses = (400, {"error": "invalid_grant", "suberror": "consent_required", "error_codes": [65001]}, {})
        self.assertEqual(self.refused("imap", BOX).diagnosis.cause, "entra_consent_missing")
        self.assertEqual(self.token("smtp", BOX), "Access~0")
        self.refuses = None
        with clock(minutes=56):
            self.assertEqual(self.token("smtp", BOX), "Access~2")
        self.assertNotIn("IMAP", self.asked[1]["scope"])

    def test_a_revoked_sign_in_asks_for_another_one(self):
        self.sign_in()
        self.refuses = REVOKED
        self.assertEqual(self.refused(account=BOX, renew="Access~0").diagnosis.cause, "entra_grant_expired")
        self.assertTrue(self.row().needs_sign_in)
        self.sign_in(refresh_token="Refresh~again")
        self.assertFalse(self.row().needs_sign_in)
        self.assertEqual(self.token(account=BOX), "Access~0")

    def test_who_never_signed_in_is_told_so(self):
        self.tenant.auth_flow = "delegated"
        self.assertIn("nobody@contoso.example has not signed in at Contoso yet", str(self.refused(account="nobody@contoso.example")))
        self.assertFalse(self.asked)
        self.sign_in(refresh_token=None)
        self.assertIn("has not signed in", str(self.refused(account=BOX, anew=True)))

    def test_a_sign_in_by_device_code_goes_on_without_the_secret(self):
        self.sign_in(public_client=True)
        self.token(account=BOX, anew=True)
        self.assertNotIn("client_secret", self.asked[0])
        self.token(account=BOX, anew=True)
        self.assertNotIn("client_secret", self.asked[1])

    def test_an_account_can_be_forgotten(self):
        self.sign_in()
        self.sign_in("info@contoso.example")
        self.tokens._forget__(self.tenant, BOX.upper())
        self.assertEqual(self.row().mapped("account"), ["info@contoso.example"])
        self.tokens._forget__(self.tenant)
        self.assertFalse(self.row())

    def test_sign_ins_that_nobody_used_for_a_week_are_kept_alive(self):
        for account in (BOX, "info@contoso.example", "brant@contoso.example"):
            self.sign_in(account, refresh_token=f"Refresh~of {account}")
        self.row(account=BOX).refresh_token = "unreadable"
        self.env.flush_all()
        with clock(minutes=6 * 24 * 60):
            self._keep_alive()
            self.assertFalse(self.asked)
        with clock(minutes=8 * 24 * 60):
            self.token(account="brant@contoso.example")
            ends = self.row(account="info@contoso.example").refresh_expires
            with self.assertLogs("odoo.addons.mail_office365.models.entra.office365_token_keep_alive", "WARNING") as logs:
                self._keep_alive()
            self.assertIn(BOX, logs.output[0])
        self.assertEqual([form["refresh_token"] for form in self.asked],
                         ["Refresh~of brant@contoso.example", "Refresh~of info@contoso.example"])
        self.assertGreater(self.row(account="info@contoso.example").refresh_expires, ends)

    def _keep_alive(self):
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["office365.token"]._keep_alive()


@tagged("post_install", "-at_install")
class TestSealed(TokenCase):

    @contextmanager
    def keys(self, *keys):
        with patch.dict(config.options, {"office365_secret_key": ",".join(keys)}):
            yield

    def become_a_copy(self):
        """Do what Odoo does to a duplicate; test_secrets_copies.py has the other ways to make one."""
        self.env["ir.config_parameter"].set_param("database.uuid", "another")

    def test_a_copy_of_the_database_uses_nothing(self):
        self.token()
        self.sign_in()
        self.assertFalse(self.tokens._is_copied__())
        self.become_a_copy()
        with patch.object(type(self.tokens), "_vault__", side_effect=AssertionError("nothing is decrypted")):
            for kwargs in ({}, {"account": BOX}, {"anew": True}, {"account": BOX, "anew": True}):
                with self.assertRaises(CopiedDatabase):
                    self.token(**kwargs)
            with self.assertRaises(CopiedDatabase):
                self.env["office365.secret"]._get__(self.tenant, "client_secret")
            self.env["office365.secret"]._gc_moved()
            self.assertTrue(self.tokens._is_copied__())
        self.assertEqual(len(self.asked), 1)

    def test_only_an_administrator_says_that_it_is_no_copy(self):
        self.token()
        self.become_a_copy()
        user = new_test_user(self.env, "o365.user", groups="base.group_user,base.group_erp_manager")
        with self.assertRaises(AccessError):
            self.tokens.with_user(user)._adopt__()
        self.assertTrue(self.tokens._is_copied__())
        self.tokens.with_user(self.env.ref("base.user_admin"))._adopt__()
        self.assertFalse(self.tokens._is_copied__())
        self.assertEqual(self.token(), "Access~1")

    def test_the_address_of_the_database_may_change(self):
        self.token()
        self.sign_in()
        for url in ("http://localhost:8069", "https://other.contoso.example", "https://192.0.2.1/odoo", ""):
            with self.subTest(url=url):
                self.env["ir.config_parameter"].set_param("web.base.url", url)
                self.assertFalse(self.tokens._is_copied__())
                self.assertEqual((self.token(), self.token(account=BOX)), ("Access~1", "Access~0"))
                self.assertEqual(self.env["office365.secret"]._get__(self.tenant, "client_secret"), SECRET)

    def test_a_server_that_keeps_its_identifier_to_itself_is_no_reason_to_stop(self):
        self.token()
        self.env.cr.execute("CREATE ROLE o365_restricted NOLOGIN")
        self.env.cr.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        known = self.tokens._place()
        self.env.cr.execute("SET LOCAL ROLE o365_restricted")
        place = self.tokens._place()
        self.env.cr.execute("RESET ROLE")
        self.assertRegex(known, r"^\d+/\d+/\d+$")
        self.assertEqual(place, f"/{known.partition('/')[2]}")

    def test_what_was_stored_for_an_address_is_taken_over_by_the_update(self):
        self.token()
        self.sign_in()
        get_param = self.env["ir.config_parameter"].get_param
        self.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.contoso.example")
        mine, other = (
            hmac(self.env, "mail_office365.fingerprint", (get_param("database.uuid"), host))
            for host in ("odoo.contoso.example", "other.contoso.example"))
        rows = self.tokens.search([]) | self.tokens.search([])
        rows.fingerprint = self.env["office365.secret"].search([]).fingerprint = mine
        self.assertTrue(self.tokens._is_copied__())
        script = load_script(file_path("mail_office365/migrations/19.0.1.1.0/post-fingerprint.py"), "post_fingerprint")
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertFalse(self.tokens._is_copied__())
        self.assertEqual(self.token(account=BOX), "Access~0")
        rows.fingerprint = other  # what said "may be a copy" before the update still does
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.assertTrue(self.tokens._is_copied__())

    def test_without_the_key_the_secret_has_to_be_entered_again(self):
        secrets, key, other = self.env["office365.secret"], Fernet.generate_key().decode(), Fernet.generate_key().decode()
        with self.keys(key):
            secrets._put__(self.tenant, "client_secret", SECRET)
        with self.keys(other):
            for use in (lambda: secrets._get__(self.tenant, "client_secret"), self.token, secrets._rotate__):
                with self.assertRaisesRegex(SecretUnreadable, "Enter the secret again"):
                    use()
            self.assertTrue(secrets._has__(self.tenant, "client_secret"))
            secrets._put__(self.tenant, "client_secret", "another")
            self.assertEqual(secrets._get__(self.tenant, "client_secret"), "another")
        self.assertFalse(self.asked)

    def test_a_key_is_rotated_by_listing_both(self):
        secrets, old, new = self.env["office365.secret"], Fernet.generate_key().decode(), Fernet.generate_key().decode()
        with self.keys(old):
            secrets._put__(self.tenant, "client_secret", SECRET)
            self.sign_in()
        with self.keys(new, old):
            self.assertEqual(secrets._get__(self.tenant, "client_secret"), SECRET)
            secrets._gc_keys()
        with self.keys(new):
            self.assertEqual(secrets._get__(self.tenant, "client_secret"), SECRET)
            self.assertEqual(self.token(account=BOX), "Access~0")
            self.token(account=BOX, anew=True)
        self.assertEqual(self.asked[0]["refresh_token"], "Refresh~0")

    def test_a_key_that_is_none_says_how_to_make_one(self):
        with self.keys("swordfish"), self.assertRaises(UserError) as caught:
            self.env["office365.secret"]._put__(self.tenant, "client_secret", SECRET)
        self.assertIn("Fernet.generate_key()", str(caught.exception))
        self.assertNotIn("swordfish", str(caught.exception))

    def test_a_secret_is_replaced_removed_and_forgotten_with_its_record(self):
        secrets = self.env["office365.secret"]
        secrets._put__(self.tenant, "x", "1")
        secrets._put__(self.tenant, "x", "2")
        secrets._put__(self.tenant, "y", "3")
        self.assertEqual([secrets._get__(self.tenant, kind) for kind in "xyz"], ["2", "3", None])
        secrets._put__(self.tenant, "x", None)
        self.assertIsNone(secrets._get__(self.tenant, "x"))
        partner = self.env["res.partner"].create({"name": "x"})
        secrets._put__(partner, "x", "4")
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [partner.id])
        self.env.invalidate_all()
        secrets._gc_orphans()
        self.assertFalse(secrets.search([("res_model", "=", "res.partner")]))
        self.assertEqual(secrets._get__(self.tenant, "y"), "3")
        secrets._drop__(self.tenant)
        self.assertFalse(secrets.search([("res_model", "=", "office365.app"), ("res_id", "=", self.tenant.id)]))
