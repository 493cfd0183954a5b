"""The frame of the set-up assistant: steps, what is proved of them, and when that does not hold any more."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..tools.checks import Check, state_of


@tagged("post_install", "-at_install")
class TestSetup(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup = cls.env["office365.setup"].create({"domain": "contoso.example", "mailbox": "erp@contoso.example"})

    def state(self, step):
        return self.setup.step_ids.filtered(lambda row: row.step == step).state

    def test_a_step_is_done_when_all_its_facts_are(self):
        self.assertEqual(state_of([]), "todo")
        self.assertEqual(state_of([Check("a", "done"), Check("b", "todo")]), "todo")
        self.assertEqual(state_of([Check("a", "failed"), Check("b", "todo")]), "failed")
        self.assertEqual(state_of([Check("a", "done")]), "done")

    def test_what_was_proved_with_other_values_is_forgotten(self):
        self.setup._keep("incoming", [Check("Signed in", "done")])
        self.setup._keep("aliases", [Check("Everybody has one", "done")])
        self.setup.mailbox = "erp@contoso.example"
        self.assertEqual(self.state("incoming"), "done")
        self.setup.mailbox = "other@contoso.example"
        self.assertEqual((self.state("incoming"), self.state("aliases")), ("todo", "done"))

    def test_a_step_that_cannot_be_looked_up_fails_alone(self):
        model = type(self.setup)
        with (
            patch.object(model, "_checks_sign_in", side_effect=UserError("No answer."), autospec=True),
            patch.object(model, "_checks_outgoing", return_value=[Check("Sends", "done")], autospec=True),
        ):
            self.setup._prove("sign_in", "outgoing")
        self.assertEqual((self.state("sign_in"), self.state("outgoing")), ("failed", "done"))
        self.assertEqual(self.setup.check_ids.filtered(lambda check: check.step == "sign_in").cause, "No answer.")
