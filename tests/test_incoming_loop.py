import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.loop import Loop, read

HEAD = "From: Ana <ana@fabrikam.example>\r\nTo: erp@contoso.example\r\nSubject: Re: Tour\r\n"
TAG = "<123.456-openerp-loop-detection-bounce-email@erp>"


def hops(number):
    return "Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\r\n" * number + HEAD


def parsed(head):
    return email.message_from_bytes(f"{head}\r\nHello\r\n".encode(), policy=email.policy.SMTP)


def is_own(address):
    return address.endswith("@contoso.example")


@tagged("post_install", "-at_install")
class TestLoop(BaseCase):

    def test_why_a_message_is_in_a_loop(self):
        table = {
            "a refusal of ours": (f"{HEAD}References: <a@fabrikam.example> {TAG}\r\n", "own_notice"),
            "an answer to it": (f"{HEAD}In-Reply-To: {TAG}\r\n", "own_notice"),
            "folded": (f"{HEAD}References: <a@fabrikam.example>\r\n {TAG}\r\n <c@fabrikam.example>\r\n", "own_notice"),
            "in the second header": (f"{HEAD}References: <a@fabrikam.example>\r\nReferences: {TAG}\r\n", "own_notice"),
            "its own id": (f"{HEAD}Message-ID: {TAG}\r\n", "own_notice"),
            "too many servers": (hops(51), "hops"),
            "our own mark": (f"{HEAD}X-Loop: sales@contoso.example\r\n", "own_loop_mark"),
            "our own list": (f"{HEAD}X-BeenThere: news@contoso.example\r\n", "own_loop_mark"),
            "our own mark after another": (
                f"{HEAD}X-Loop: bugs@fabrikam.example\r\nX-Loop: Sales <sales@contoso.example>\r\n", "own_loop_mark"),
        }
        for name, (head, reason) in table.items():
            with self.subTest(name):
                self.assertEqual(read(parsed(head), own_addresses=is_own), Loop(reason))

    def test_an_ordinary_message_is_in_none(self):
        table = {
            "plain": HEAD,
            "many servers": hops(50),
            "answers a message of ours": f"{HEAD}In-Reply-To: <123.456-openerp-7-crm.lead@erp>\r\n",
            "another tag": f"{HEAD}References: <123.456-openerp-bounce-email@erp>\r\n",
            "the tag in the subject": f"{HEAD}Comments: {TAG}\r\n".replace("Tour", "loop-detection-bounce-email"),
            "a list's mark": f"{HEAD}X-Loop: bugs@fabrikam.example\r\nX-BeenThere: dev@lists.example\r\n",
            "a mark without an address": f"{HEAD}X-Loop: yes\r\n",
            "our address as the name in a mark": f'{HEAD}X-Loop: "sales@contoso.example" <bugs@fabrikam.example>\r\n',
            "a list": f"{HEAD}List-Id: <dev.lists.example>\r\n",
            "empty": "",
        }
        for name, head in table.items():
            with self.subTest(name):
                self.assertIsNone(read(parsed(head), own_addresses=is_own))

    def test_without_own_addresses_a_mark_says_nothing(self):
        self.assertIsNone(read(parsed(f"{HEAD}X-Loop: sales@contoso.example\r\n")))
