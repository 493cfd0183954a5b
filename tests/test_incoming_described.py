from unittest.mock import patch

from odoo.models import BaseModel
from odoo.tests import TransactionCase, tagged

from ..tools.identity.acting import Fetching
from ..tools.incoming.item import Item


@tagged("post_install", "-at_install")
class TestDescribedFields(TransactionCase):
    """What the fields of a model are is worked out once a fetch, and is the answer that core gives."""

    def setUp(self):
        super().setUp()
        self.fetching = Fetching(frozenset(), item=Item(1, "INBOX", "1", "1", b""))
        self.partners = self.env["res.partner"].with_context(**{Fetching.CONTEXT_KEY: self.fetching})

    def worked_out(self, *asked):
        """Return how often core works it out when these ask one after the other, each of whom gets core's answer."""
        numbers, describe = [], BaseModel.fields_get

        def counting(model, *args, **kwargs):
            numbers.append(model._name)
            return describe(model, *args, **kwargs)

        for model, *args in asked:
            with patch.object(BaseModel, "fields_get", counting):
                found = model.fields_get(*args)
            without = model.with_context(**{Fetching.CONTEXT_KEY: None})
            self.assertEqual(found, without.fields_get(*args))
        return len(numbers)

    def test_for_the_messages_of_a_fetch_it_is_worked_out_once(self):
        self.assertEqual(self.worked_out((self.partners,)), 1)
        self.fetching.item = Item(1, "INBOX", "1", "2", b"")
        self.assertEqual(self.worked_out((self.partners,)), 0)

    def test_any_other_question_is_worked_out_by_itself(self):
        asked = [
            (self.partners,), (self.partners, ["name"]), (self.partners, ["email"]), (self.partners, None, ["string"]),
            (self.partners.with_user(self.env.ref("base.user_admin")),), (self.partners.with_context(lang="en_US", more=["x"]),),
            (self.env["mail.blacklist"].with_env(self.partners.env),)]
        self.assertEqual(self.worked_out(*asked), len(asked))

    def test_what_is_done_to_an_answer_is_not_in_the_next(self):
        answer = self.partners.fields_get(["type"])
        answer["type"]["selection"].append(("mine", "Mine"))
        answer["type"]["string"] = "Mine"
        answer["mine"] = {}
        self.assertEqual(self.worked_out((self.partners, ["type"])), 0)

    def test_without_a_message_nothing_is_kept(self):
        self.fetching.item = None
        self.assertEqual(self.worked_out((self.partners,), (self.partners,)), 2)
        self.assertFalse(self.fetching.described)
