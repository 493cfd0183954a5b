from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged

ALIAS = "brant.wadsworth@contoso.example"


@tagged("post_install", "-at_install")
class TestAlias(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alias_domain = cls.env["mail.alias.domain"].create({"name": "contoso.example"})
        cls.admin = new_test_user(cls.env, "o365.admin", groups="base.group_user,base.group_erp_manager,base.group_partner_manager")
        cls.brant = new_test_user(cls.env, "o365.brant", email="brant@private.example")
        cls.other = new_test_user(cls.env, "o365.other", email="other@contoso.example")
        cls.portal = new_test_user(cls.env, "o365.portal", groups="base.group_portal")

    def confirmed(self, user):
        return user.sudo().office365_alias_confirmed

    def test_an_administrators_change_is_in_force_at_once(self):
        self.brant.with_user(self.admin).office365_alias = ALIAS
        self.assertEqual(self.brant.office365_alias_state, "confirmed")
        self.assertEqual(self.confirmed(self.brant), ALIAS)

    def test_an_administrator_can_create_a_user_with_an_alias(self):
        user = self.env["res.users"].with_user(self.admin).create({
            "name": "New", "login": "o365.new", "office365_alias": "New@Contoso.example"})
        self.assertEqual(self.confirmed(user), "new@contoso.example")

    def test_a_users_own_change_waits_and_the_confirmed_alias_stays(self):
        self.brant.with_user(self.admin).office365_alias = ALIAS
        self.brant.with_user(self.brant).write({"office365_alias": "brant@contoso.example"})
        self.assertEqual(self.brant.office365_alias, "brant@contoso.example")
        self.assertEqual(self.brant.office365_alias_state, "pending")
        self.assertEqual(self.confirmed(self.brant), ALIAS)

    def test_going_back_to_the_confirmed_alias_needs_no_confirmation(self):
        self.brant.with_user(self.admin).office365_alias = ALIAS
        self.brant.with_user(self.brant).write({"office365_alias": "brant@contoso.example"})
        self.brant.with_user(self.brant).write({"office365_alias": ALIAS})
        self.assertEqual(self.brant.office365_alias_state, "confirmed")

    def test_removing_the_own_alias_is_in_force_at_once(self):
        self.brant.with_user(self.admin).office365_alias = ALIAS
        self.brant.with_user(self.brant).write({"office365_alias": " "})
        self.assertFalse(self.confirmed(self.brant))
        self.assertFalse(self.brant.office365_alias_state)

    def test_sudo_of_a_user_does_not_make_him_an_administrator(self):
        self.brant.with_user(self.brant).sudo().write({"office365_alias": ALIAS})
        self.assertEqual(self.brant.office365_alias_state, "pending")
        self.assertFalse(self.confirmed(self.brant))

    def test_nobody_writes_the_confirmed_alias_directly(self):
        for user in (self.brant, self.admin):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.brant.with_user(user).write({"office365_alias_confirmed": ALIAS})
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.brant.with_user(user).read(["office365_alias_confirmed"])

    def test_the_state_can_not_be_forged(self):
        self.brant.with_user(self.brant).write({"office365_alias": ALIAS})
        with self.assertRaises(AccessError):
            self.brant.with_user(self.brant).write({"office365_alias_state": "confirmed"})
        self.brant.with_user(self.admin).write({"office365_alias_state": "confirmed"})
        self.brant.invalidate_recordset()
        self.assertEqual(self.brant.office365_alias_state, "pending")
        self.assertFalse(self.confirmed(self.brant))

    def test_another_users_alias_is_out_of_reach(self):
        for user in (self.brant, self.portal):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.other.with_user(user).write({"office365_alias": ALIAS})

    def test_the_user_reads_his_own_alias(self):
        self.brant.with_user(self.admin).office365_alias = ALIAS
        self.assertEqual(
            self.brant.with_user(self.brant).read(["office365_alias", "office365_alias_state"]),
            [{"id": self.brant.id, "office365_alias": ALIAS, "office365_alias_state": "confirmed"}],
        )

    def test_what_an_alias_may_not_be(self):
        self.other.with_user(self.admin).office365_alias = "taken@contoso.example"
        archived = new_test_user(self.env, "o365.archived", email="archived@contoso.example")
        archived.action_archive()
        new_test_user(self.env, "login@contoso.example", email="x@private.example")
        self.env["mail.alias"].create({
            "alias_name": "contoso-offers", "alias_domain_id": self.alias_domain.id,
            "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
        })
        table = {
            "brant": "not an email address",
            '"ceo@contoso.example" <x@contoso.example>': "not an email address",
            "a@contoso.example\r\nBcc: b@contoso.example": "not an email address",
            "a@contoso.example, b@contoso.example": "several addresses",
            "brant@fabrikam.example": "Allowed are: contoso.example",
        }
        taken = {
            "taken@contoso.example": "alias of another user",
            "other@contoso.example": "login or email of another user",
            "Other@Contoso.example": "login or email of another user",
            "archived@contoso.example": "login or email of another user",
            "login@contoso.example": "login or email of another user",
            "catchall@contoso.example": "catch-all or bounce address",
            "bounce@contoso.example": "catch-all or bounce address",
            "contoso-offers@contoso.example": "mail alias",
        }
        for alias, message in (table | taken).items():
            with self.subTest(alias=alias, user="administrator"), self.assertRaisesRegex(ValidationError, message):
                self.brant.with_user(self.admin).write({"office365_alias": alias})
        for alias, message in table.items():
            with self.subTest(alias=alias, user="himself"), self.assertRaisesRegex(ValidationError, message):
                self.brant.with_user(self.brant).write({"office365_alias": alias})
        sentences = set()
        for alias in taken:
            with self.subTest(alias=alias, user="himself"), self.assertRaises(ValidationError) as caught:
                self.brant.with_user(self.brant).write({"office365_alias": alias})
            sentences.add(str(caught.exception).replace(alias.lower(), "…"))
        self.assertEqual(sentences, {
            "Office 365 Alias: … is already in use in this database. Choose another address, or ask an administrator."})

    def test_a_login_is_compared_letter_by_letter(self):
        self.env["mail.alias.domain"].create({"name": "xn--bcher-kva.example"})
        for login in ("brantxwadsworth@contoso.example", "Brant.O_Neil@contoso.example", "info@xn--bcher-kva.example"):
            new_test_user(self.env, login, email="x@private.example")
        for free in ("brant_wadsworth@contoso.example", "b%@contoso.example", "%@contoso.example"):
            with self.subTest(alias=free):
                self.brant.with_user(self.admin).write({"office365_alias": free})
                self.assertEqual(self.confirmed(self.brant), free)
        for taken in ("BrantXWadsworth@contoso.example", "brant.o_neil@contoso.example", "info@bücher.example"):
            with self.subTest(alias=taken), self.assertRaisesRegex(ValidationError, "login or email of another user"):
                self.brant.with_user(self.admin).write({"office365_alias": taken})

    def test_allowed_are_the_alias_domains_and_what_our_servers_send_for(self):
        self.env["ir.mail_server"].create([
            {"office365_preset": "submission", "smtp_user": "erp@mailbox.example", "smtp_pass": "x",
             "from_filter": "filter.example, one@single.example"},
            {"name": "not ours", "smtp_host": "localhost", "from_filter": "other.example"},
        ])
        for alias in ("a@contoso.example", "a@mailbox.example", "a@filter.example", "one@single.example"):
            with self.subTest(alias=alias):
                self.brant.with_user(self.admin).office365_alias = alias
        for alias in ("two@single.example", "a@other.example"):
            with self.subTest(alias=alias), self.assertRaises(ValidationError):
                self.brant.with_user(self.admin).office365_alias = alias

    def test_the_alias_of_unicode_domains_is_one_whichever_way_it_is_written(self):
        self.env["mail.alias.domain"].create({"name": "xn--bcher-kva.example"})
        self.brant.with_user(self.admin).office365_alias = "brant@BÜCHER.example"
        self.assertEqual(self.brant.office365_alias, "brant@bücher.example")
        with self.assertRaisesRegex(ValidationError, "alias of another user"):
            self.other.with_user(self.admin).office365_alias = "brant@xn--bcher-kva.example"

    def test_copying_a_user_copies_no_alias(self):
        self.brant.with_user(self.admin).office365_alias = ALIAS
        copy = self.brant.with_user(SUPERUSER_ID).copy()
        self.assertFalse(copy.office365_alias)
        self.assertFalse(self.confirmed(copy))
