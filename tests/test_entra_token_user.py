
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged
from odoo.tools import mute_logger

from .token_case import BOX, PREFIX, REVOKED, TokenCase
from .token_service import SECRET, clock


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
        self.entra_app.auth_flow = "delegated"
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
        self.tokens._forget__(self.entra_app, BOX.upper())
        self.assertEqual(self.row().mapped("account"), ["info@contoso.example"])
        self.tokens._forget__(self.entra_app)
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
            with self.assertLogs("odoo.addons.mail_office365.models.one_by_one", "WARNING") as logs:
                self._keep_alive()
            self.assertIn(BOX, logs.output[0])
        self.assertEqual([form["refresh_token"] for form in self.asked],
                         ["Refresh~of brant@contoso.example", "Refresh~of info@contoso.example"])
        self.assertGreater(self.row(account="info@contoso.example").refresh_expires, ends)

    @mute_logger("odoo.addons.mail_office365.models.one_by_one")
    def test_a_sign_in_that_fails_keeps_no_other_from_being_kept_alive(self):
        for account in (BOX, "info@contoso.example"):
            self.sign_in(account, refresh_token=f"Refresh~of {account}")
        self.env.flush_all()
        obtain, seen = type(self.tokens)._obtain, []

        def broken(tokens, wanted, **kwargs):
            seen.append(wanted.account)
            if len(seen) == 1:
                raise ValueError("broken")
            return obtain(tokens, wanted, **kwargs)

        with clock(minutes=8 * 24 * 60), patch.object(type(self.tokens), "_obtain", broken):
            self._keep_alive()
        self.assertEqual(set(seen), {BOX, "info@contoso.example"})
        self.assertEqual([form["refresh_token"] for form in self.asked], [f"Refresh~of {seen[1]}"])

    def _keep_alive(self):
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["office365.token"]._keep_alive()
