from unittest.mock import patch

from odoo.addons.mail.models.mail_thread import MailThread
from odoo.tests import TransactionCase, tagged

from ..tools.identity.acting import Fetching, Incoming
from ..tools.incoming.item import Item

ALIAS = "team@aliases.example"


@tagged("post_install", "-at_install")
class TestKnownAliases(TransactionCase):
    """Which addresses are aliases is asked once while a message is read, and anew when records are made of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = cls.env["mail.alias.domain"].create({"name": "aliases.example"})

    def setUp(self):
        super().setUp()
        self.item = Item(1, "INBOX", "1", "1", b"")
        fetching = Fetching(frozenset(), item=self.item)
        self.domains = self.domain.with_context(**{Fetching.CONTEXT_KEY: fetching})

    def make_alias(self):
        self.env["mail.alias"].create({
            "alias_name": "team", "alias_domain_id": self.domain.id, "alias_model_id": self.env["ir.model"]._get_id("res.partner")})

    def test_the_database_is_asked_once_while_a_message_is_read(self):
        asked = [ALIAS, "customer@fabrikam.example"]
        self.assertEqual(self.domains._find_aliases(asked), [])
        with self.assertQueryCount(0):
            self.assertEqual(self.domains._find_aliases(asked), [])
        with self.assertQueryCount(0):
            self.assertEqual(self.domains._find_aliases(asked[1:]), [])
        self.make_alias()
        self.assertEqual(self.domains._find_aliases([ALIAS]), [], "asked before")

    def test_the_answer_is_that_of_core(self):
        self.make_alias()
        asked = [ALIAS, "", "customer@fabrikam.example", None, "no address", ALIAS, "bounce@aliases.example"]
        expected = self.domain._find_aliases(asked)
        self.assertEqual(expected[:2], [ALIAS, ALIAS])
        for _time in range(2):
            self.assertEqual(self.domains._find_aliases(asked), expected)
            self.assertEqual(self.domains._find_aliases(asked[::-1]), expected[::-1])
        self.assertEqual(self.domains._find_aliases([]), [])

    def test_what_can_be_read_once_alone_is_read_once(self):
        self.make_alias()
        self.assertEqual(self.domains._find_aliases(iter([ALIAS])), [ALIAS])

    def test_the_sender_is_asked_about_with_the_recipients(self):
        self.item.sender = "Customer@fabrikam.example"
        self.assertEqual(self.domains._find_aliases([ALIAS]), [])
        with self.assertQueryCount(0):
            self.assertEqual(self.domains._find_aliases(["customer@fabrikam.example"]), [])

    def test_a_sender_with_the_left_part_of_an_alias_is_none_whatever_domains_are_allowed(self):
        self.make_alias()
        self.env["mail.alias"].search([("alias_full_name", "=", ALIAS)]).alias_incoming_local = True
        self.item.sender = "team@customer.example"
        for allowed in ("", "old.example"):
            self.env["ir.config_parameter"].set_param("mail.catchall.domain.allowed", allowed)
            self.item.aliases.clear()
            for asked in ([ALIAS], [self.item.sender], [ALIAS, self.item.sender]):
                self.assertEqual(self.domains._find_aliases(asked), self.domain._find_aliases(asked), (allowed, asked))

    def test_an_alias_of_a_record_that_the_message_made_is_found(self):
        self.assertEqual(self.domains._find_aliases([ALIAS]), [])
        self.make_alias()
        partner = self.registry["res.partner"]
        # Ordinary contacts have none; a project, say, has.
        for has_alias, expected in ((False, []), (True, [ALIAS])):
            self.item.incoming = None
            with (
                patch.object(MailThread, "_message_route_process", lambda *args: False),
                patch.object(partner, "_fields", {**partner._fields, **({"alias_id": None} if has_alias else {})}),
            ):
                self.domains.env["mail.thread"]._message_route_process(
                    None, {"message_id": "<a@fabrikam.example>"}, [("res.partner", 0, {}, 1, None)])
            self.assertEqual(self.item.incoming, Incoming("<a@fabrikam.example>", self.item.author_uid))
            self.assertEqual(self.domains._find_aliases([ALIAS]), expected)

    def test_another_message_and_no_message_ask_anew(self):
        self.assertEqual(self.domains._find_aliases([ALIAS]), [])
        self.make_alias()
        self.assertEqual(self.domain._find_aliases([ALIAS]), [ALIAS])
        Fetching.of(self.domains.env.context).item = Item(1, "INBOX", "1", "2", b"")
        self.assertEqual(self.domains._find_aliases([ALIAS]), [ALIAS])
