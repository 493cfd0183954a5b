from contextlib import contextmanager
from unittest.mock import patch

from cryptography.fernet import Fernet
from odoo.exceptions import AccessError, UserError
from odoo.modules.module import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools import config, file_path, hmac

from ..models.entra.office365_encrypted import CopiedDatabase, SecretUnreadable
from .token_case import BOX, TokenCase
from .token_service import SECRET


@tagged("post_install", "-at_install")
class TestEncrypted(TokenCase):

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
                self.env["office365.secret"]._get__(self.entra_app, "client_secret")
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
                self.assertEqual(self.env["office365.secret"]._get__(self.entra_app, "client_secret"), SECRET)

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
            secrets._put__(self.entra_app, "client_secret", SECRET)
        with self.keys(other):
            for use in (lambda: secrets._get__(self.entra_app, "client_secret"), self.token, secrets._rotate__):
                with self.assertRaisesRegex(SecretUnreadable, "Enter the secret again"):
                    use()
            self.assertTrue(secrets._has__(self.entra_app, "client_secret"))
            secrets._put__(self.entra_app, "client_secret", "another")
            self.assertEqual(secrets._get__(self.entra_app, "client_secret"), "another")
        self.assertFalse(self.asked)

    def test_a_key_is_rotated_by_listing_both(self):
        secrets, old, new = self.env["office365.secret"], Fernet.generate_key().decode(), Fernet.generate_key().decode()
        with self.keys(old):
            secrets._put__(self.entra_app, "client_secret", SECRET)
            self.sign_in()
        with self.keys(new, old):
            self.assertEqual(secrets._get__(self.entra_app, "client_secret"), SECRET)
            secrets._gc_keys()
        with self.keys(new):
            self.assertEqual(secrets._get__(self.entra_app, "client_secret"), SECRET)
            self.assertEqual(self.token(account=BOX), "Access~0")
            self.token(account=BOX, anew=True)
        self.assertEqual(self.asked[0]["refresh_token"], "Refresh~0")

    def test_a_key_that_is_none_says_how_to_make_one(self):
        with self.keys("swordfish"), self.assertRaises(UserError) as caught:
            self.env["office365.secret"]._put__(self.entra_app, "client_secret", SECRET)
        self.assertIn("Fernet.generate_key()", str(caught.exception))
        self.assertNotIn("swordfish", str(caught.exception))

    def test_a_secret_is_replaced_removed_and_forgotten_with_its_record(self):
        secrets = self.env["office365.secret"]
        secrets._put__(self.entra_app, "x", "1")
        secrets._put__(self.entra_app, "x", "2")
        secrets._put__(self.entra_app, "y", "3")
        self.assertEqual([secrets._get__(self.entra_app, kind) for kind in "xyz"], ["2", "3", None])
        secrets._put__(self.entra_app, "x", None)
        self.assertIsNone(secrets._get__(self.entra_app, "x"))
        partner = self.env["res.partner"].create({"name": "x"})
        secrets._put__(partner, "x", "4")
        self.env.cr.execute("DELETE FROM res_partner WHERE id = %s", [partner.id])
        self.env.invalidate_all()
        secrets._gc_orphans()
        self.assertFalse(secrets.search([("res_model", "=", "res.partner")]))
        self.assertEqual(secrets._get__(self.entra_app, "y"), "3")
        secrets._drop__(self.entra_app)
        self.assertFalse(secrets.search([("res_model", "=", "office365.app"), ("res_id", "=", self.entra_app.id)]))
