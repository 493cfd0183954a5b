from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import TransactionCase, tagged

from ..tools.identity import alias_link
from .common import BRANT
from .links import LinkMixin


@tagged("post_install", "-at_install")
class TestAliasLifeCycle(LinkMixin, TransactionCase):
    """Who may ask, cancel and confirm, how often, and what is left of it."""

    def test_cancelling_goes_back_to_the_confirmed_alias_and_ends_the_link(self):
        self.set_alias(self.brant, "old@contoso.example")
        token = self.ask()
        self.assertEqual(self.brant.with_user(self.brant).office365_alias_in_force, "old@contoso.example")
        self.brant.with_user(self.brant).action_office365_cancel_alias()
        self.assertEqual(self.brant.office365_alias, "old@contoso.example")
        self.assertEqual(self.brant.office365_alias_state, "confirmed")
        self.assertEqual(self.use(token), "replaced")
        with self.assertRaisesRegex(UserError, "no Office 365 alias to cancel"):
            self.brant.with_user(self.brant).action_office365_cancel_alias()
        with self.assertRaisesRegex(UserError, "no Office 365 alias to confirm"):
            self.brant.with_user(self.brant).action_office365_resend_link()

    def test_an_administrators_change_ends_the_link(self):
        token = self.ask()
        self.brant.with_user(self.admin).write({"office365_alias": "brant@contoso.example"})
        self.assertEqual(self.use(token), "replaced")
        self.assertEqual(self.confirmed(), "brant@contoso.example")

    def test_buttons_are_for_the_user_himself_and_administrators(self):
        self.ask()
        self.later(60)
        for caller in (self.other, self.portal):
            for button in ("resend_link", "cancel_alias", "confirm_alias", "confirm_email"):
                with self.subTest(caller=caller.login, button=button), self.assertRaises(AccessError):
                    getattr(self.brant.with_user(caller), f"action_office365_{button}")()
        with self.assertRaises(AccessError):
            self.brant.with_user(self.brant).action_office365_confirm_alias()
        self.brant.with_user(self.admin).action_office365_resend_link()
        self.links(2)
        self.brant.with_user(self.admin).action_office365_confirm_alias()
        self.assertEqual(self.confirmed(), BRANT)
        self.assertEqual(self.use(self.token()), "used")

    def test_a_portal_user_has_no_alias(self):
        for caller in (self.portal, self.admin):
            with self.subTest(caller=caller.login), self.assertRaisesRegex(ValidationError, "not an internal user"):
                self.portal.with_user(caller).write({"office365_alias": BRANT})

    def test_every_change_is_recorded_and_nobody_edits_the_record(self):
        brant = self.brant.with_user(self.brant)
        self.brant.with_user(self.admin).write({"office365_alias": "old@contoso.example"})
        self.use(self.ask())
        self.later(60)
        self.ask("next@contoso.example")
        brant.action_office365_cancel_alias()
        brant.write({"office365_alias": False})
        self.assertEqual(self.changes(), [
            ("set", "o365.admin", False, "old@contoso.example"),
            ("requested", "o365.brant", "old@contoso.example", BRANT),
            ("confirmed", False, "old@contoso.example", BRANT),
            ("requested", "o365.brant", BRANT, "next@contoso.example"),
            ("cancelled", "o365.brant", "next@contoso.example", BRANT),
            ("removed", "o365.brant", BRANT, False),
        ])
        self.assertEqual(self.brant.with_user(self.admin).office365_alias_change_count, 6)
        change = self.env["office365.alias.change"].search([], limit=1)
        with self.assertRaises(AccessError):
            change.with_user(self.brant).read(["kind"])
        for user in (self.brant, self.admin, self.env.ref("base.user_admin")):
            for operation in (
                lambda change: change.create({"kind": "confirmed"}),
                lambda change: change.write({"kind": "set"}),
                lambda change: change.unlink(),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    operation(change.with_user(user))

    def test_the_user_is_told_in_odoo_of_what_an_administrator_does(self):
        self.brant.with_user(self.admin).write({"office365_alias": BRANT})
        chat = self.env["discuss.channel"].search([
            ("channel_type", "=", "chat"), ("channel_partner_ids", "in", self.brant.partner_id.ids)])
        message = chat.message_ids
        self.assertEqual(message.author_id, self.env.ref("base.partner_root"))
        self.assertIn(f"set your Office 365 alias: mail you send from Odoo now goes out as {BRANT}", message.body)
        self.brant.with_user(self.brant).write({"office365_alias": False})
        self.assertEqual(len(chat.message_ids), 1)
        self.assertFalse(self.servers.accepted, "no mail for that")

    def test_a_link_a_minute(self):
        self.ask()
        brant = self.brant.with_user(self.brant)
        self.later(59)
        with self.assertRaisesRegex(UserError, "Wait 1 seconds"):
            brant.action_office365_resend_link()
        with self.assertRaisesRegex(UserError, "Wait 1 seconds"), self.env.cr.savepoint():
            brant.write({"office365_alias": "brant@contoso.example"})
        self.later(1)
        brant.action_office365_resend_link()
        self.links(2)

    def test_ten_links_a_day_whatever_becomes_of_them(self):
        brant = self.brant.with_user(self.brant)
        for _ in range(5):
            self.ask()
            self.later(60)
            brant.action_office365_resend_link()
            brant.action_office365_cancel_alias()
            self.later(60)
        with self.assertRaisesRegex(UserError, "10 links were sent in the last 24 hours.* 24 h"):
            brant.write({"office365_alias": BRANT})
        self.later(alias_link.DAY)
        self.ask()

    def test_the_same_alias_again_sends_nothing(self):
        self.ask()
        self.brant.with_user(self.brant).write({"office365_alias": BRANT.upper(), "signature": "Brant"})
        self.links()
