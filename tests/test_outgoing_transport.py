"""Another transport takes SMTP's place without a change to the queue, the quotas, the pauses and the deliveries."""

import dataclasses
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..const import OUTGOING_PRESETS
from ..tools.errors import ConnectionLost
from ..tools.sending import Sending
from ..tools.transport import Envelope, NotOpened, Observer, Transport
from .common import BRANT, CUSTOMER, ERP, INFO
from .folder_transport import FolderTransport
from .queue_case import QueueCase

UNKNOWN = (550, b"5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")
OTHER = "other@fabrikam.example"


@tagged("post_install", "-at_install")
class TestAnotherTransport(QueueCase):

    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "outbox"
        self.folder.mkdir()
        self.refused, self.failures, self.opened = {}, [], []

        def make(server, *, kept_until, debug):
            self.opened.append(FolderTransport(
                self.folder, server.id, server.from_filter, kept_until=kept_until, refused=self.refused, failures=self.failures))
            return self.opened[-1]

        preset = dataclasses.replace(OUTGOING_PRESETS["submission"], transport="folder")
        self.enterContext(patch.dict(OUTGOING_PRESETS, submission=preset))
        self.enterContext(patch.object(self.registry["ir.mail_server"], "_office365_folder_transport", make, create=True))

    def tearDown(self):
        self.assertFalse(self.servers.submission.connections, "nobody speaks SMTP")
        super().tearDown()

    @property
    def written(self):
        return [path.read_text().split("\n") for path in sorted(self.folder.iterdir())]

    def deliveries(self):
        return self.env["office365.delivery"].search([("mail_server_id", "=", self.server.id)], order="id")

    def test_a_queue_of_several_senders_goes_through_one_transport(self):
        anna = new_test_user(self.env, "o365.anna", name="Anna", email="anna@private.example")
        self.set_alias(anna, INFO)
        mails = self.mail(auto_delete=False) + self.mail(email_from=anna.email_formatted, auto_delete=False)
        mails.send()
        self.assertEqual(mails.mapped("state"), ["sent", "sent"])
        written = [(sender, header) for sender, to, header, _id in self.written if to == CUSTOMER]
        self.assertEqual([sender for sender, _header in written], [ERP, ERP])
        self.assertEqual({header for _sender, header in written}, {
            f"Brant Wadsworth <{BRANT}>", f"Anna <{INFO}>"})
        self.assertEqual(self.opened[-1].logins, [ERP])
        self.assertTrue(all(transport.is_ended for transport in self.opened))
        self.assertEqual(self.deliveries()[-2:].mapped("state"), ["sent", "sent"])
        self.assertEqual(set(self.deliveries().mapped("reply")), {"250 2.0.0 Written"})

    @mute_logger("odoo.addons.mail.models.mail_mail", "odoo.addons.mail_office365.models.outgoing.mail_mail_outcome")
    def test_each_recipient_has_an_outcome_of_their_own(self):
        self.refused[OTHER] = UNKNOWN
        some, nobody = self.mail(email_to=f"{CUSTOMER}, {OTHER}", auto_delete=False), self.mail(email_to=OTHER, auto_delete=False)
        (some + nobody).send()
        self.assertEqual([to for _sender, to, *_rest in self.written], [CUSTOMER])
        for mail in some + nobody:
            self.assertEqual((mail.state, mail.office365_cause), ("exception", "recipient_unknown"))
            self.assertIn("5.1.10", mail.failure_reason)

    def test_what_cannot_be_opened_has_its_mails_wait_and_they_go_when_it_can(self):
        self.folder.rmdir()
        mails = self.mail(auto_delete=False) + self.mail(auto_delete=False)
        mails.send()
        for mail in mails:
            self.assertDeferred(mail, "connection_refused")
        self.assertEqual(len(self.opened), 1, "it is tried once a run")
        self.folder.mkdir()
        self.run_queue(minutes=2)
        self.assertEqual(mails.mapped("state"), ["sent", "sent"])

    @mute_logger("odoo.addons.mail_office365.models.outgoing.mail_mail_outcome")
    def test_a_message_in_doubt_goes_twice_at_most(self):
        self.failures += [ConnectionLost("gone", in_doubt=True) for _time in range(3)]
        mail = self.mail(auto_delete=False)
        mail.send()
        self.assertEqual(mail.state, "outgoing")
        self.run_queue(minutes=2)
        self.assertEqual(mail.state, "exception")
        self.assertIn("may have arrived", mail.failure_reason)
        self.assertEqual(len(self.failures), 1)

    def test_the_quota_holds(self):
        self.server.office365_rate_limit = 2
        mails = self.env["mail.mail"].union(*(self.mail(auto_delete=False) for _number in range(4)))
        mails.send()
        self.assertEqual(sorted(mails.mapped("state")), ["outgoing", "outgoing", "sent", "sent"])
        self.assertEqual(set(mails.filtered(lambda mail: mail.state == "outgoing").mapped("office365_cause")), {"rate_limited"})

    def test_core_and_other_modules_send_through_it(self):
        IrMailServer = self.env["ir.mail_server"]
        IrMailServer.send_email(IrMailServer._build_email__(BRANT, [CUSTOMER], "Direct", "Hi"))
        self.mail().send(raise_exception=True)
        self.assertEqual(len(self.written), 2)
        self.assertTrue(all(transport.is_ended for transport in self.opened))

    def test_test_connection_and_the_preview_need_no_other_code(self):
        self.server.test_smtp_connection()
        self.assertEqual([to for _sender, to, *_rest in self.written], [ERP])
        self.env["office365.sender"].action_open()
        self.assertEqual(len(self.written), 1, "a preview sends nothing")


@tagged("post_install", "-at_install")
class TestTransport(QueueCase):
    """The interface itself."""

    def folder(self, **options):
        return FolderTransport(Path(self.enterContext(tempfile.TemporaryDirectory())), 7, "contoso.example", **options)

    def test_only_a_transport_is_one(self):
        transport = self.folder()
        self.assertIs(Transport.of(transport), transport)
        for other in (None, False, {}, object(), self.env["ir.mail_server"]):
            self.assertIsNone(Transport.of(other))

    def test_who_has_a_message_sent_is_told_the_outcome_whatever_it_is(self):
        for failures, taken, in_doubt, reply in (
                ([], True, False, "250 2.0.0 Written"), ([OSError("no")], False, False, "OSError: no"),
                ([ConnectionLost("gone", in_doubt=True)], False, True, "ConnectionLost: Connection unexpectedly closed: gone")):
            told = []
            observer = Observer(
                on_start=lambda told=told: told.append("start"),
                on_outcome=lambda message, outcome, told=told: told.append((message, outcome)))
            transport = self.folder(failures=failures)
            with self.subTest(reply=reply):
                outcome = transport.deliver({"From": BRANT, "Message-Id": "<1@x>"}, Envelope(ERP, (CUSTOMER,)), observer)
                self.assertEqual((outcome.taken, outcome.in_doubt, outcome.reply), (taken, in_doubt, reply))
                self.assertEqual(told, ["start", ({"From": BRANT, "Message-Id": "<1@x>"}, outcome)])

    def test_what_an_observer_raises_is_not_taken_for_the_servers_answer(self):
        def refuse():
            raise ValueError("not now")

        transport = self.folder()
        with self.assertRaisesRegex(ValueError, "not now"):
            transport.deliver({}, Envelope(ERP, (CUSTOMER,)), Observer(on_start=refuse))
        self.assertFalse(list(transport.folder.iterdir()))

    def test_what_could_not_be_opened_is_remembered(self):
        failure = ConnectionRefusedError("no")
        transport = NotOpened(failure)
        self.assertIs(transport.failure, failure)
        self.assertTrue(transport.was_not_opened_by(failure))
        self.assertFalse(transport.was_not_opened_by(ConnectionRefusedError("no")))
        with self.assertRaises(ConnectionRefusedError):
            transport.open(ERP, Observer())
        self.assertIn("no", transport.deliver({}, Envelope(ERP, (CUSTOMER,)), Observer()).reply)
        self.assertIsNone(NotOpened().failure)

    def test_what_a_context_knows_is_changed_for_those_who_get_the_context(self):
        context = Sending.noted({}, mail_id=7)
        inner = Sending.noted(context, is_queue=True)
        self.assertEqual((Sending.of(context).is_queue, Sending.of(inner).is_queue, Sending.of(inner).mail_id), (False, True, 7))
        for forged in (None, True, {"mail_id": 7}, "x"):
            self.assertEqual(Sending.of({Sending.CONTEXT_KEY: forged}), Sending())
