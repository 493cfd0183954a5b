from odoo.tests import BaseCase, tagged

from ..tools.identity import preview, probe
from ..tools.identity.probe import Run, in_order, judge
from ..tools.identity.sender import UNVERIFIED, SenderIdentity
from .servers import replies

DENIED = str(replies.S554_5_2_252_SEND_AS_DENIED)
PENALTY = str(replies.S550_5_2_252_PENALTY_SEND_AS)
FOREIGN = "notifications@fourthcoffee.example"
ALIAS = "brant.wadsworth@contoso.example"


@tagged("post_install", "-at_install")
class TestProbe(BaseCase):

    def test_what_a_reply_means(self):
        table = [
            ("250 2.0.0 OK", True, probe.ALLOWED, probe.TAKEN),
            (DENIED, False, probe.REFUSED, probe.SEND_AS_DENIED),
            ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", False,
             probe.REFUSED, probe.SEND_AS_DENIED),
            ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", False,
             probe.REFUSED, probe.SEND_AS_DENIED),
            (PENALTY, False, probe.UNKNOWN, probe.LOCKED_OUT),
            (str(replies.S550_5_7_705_TENANT_THRESHOLD), False, probe.REFUSED, probe.OTHER_REFUSAL),
            (str(replies.S554_5_2_0_DAILY_QUOTA), False, probe.UNKNOWN, probe.LATER),  # of the mailbox, not of the address
            (str(replies.S421_4_4_2_RATE_LIMITED), False, probe.UNKNOWN, probe.LATER),
            ("SMTPServerDisconnected: Connection unexpectedly closed", False, probe.UNKNOWN, probe.LOST),
        ]
        for reply, taken, state, cause in table:
            with self.subTest(reply=reply):
                self.assertEqual(judge(reply, taken=taken), probe.Verdict(state, cause))

    def test_what_was_shown_holds_until_the_opposite_is(self):
        table = [
            (None, "unknown", False), ("allowed", "unknown", True), ("refused", "unknown", True), ("allowed", "allowed", True),
            ("allowed", "refused", False), ("refused", "allowed", False), ("unknown", "allowed", False),
        ]
        for before, after, stays in table:
            with self.subTest(before=before, after=after):
                self.assertEqual(probe.holds(before, after), stays)

    def test_when_exchange_is_asked_again(self):
        table = [
            (None, 0, True), ("allowed", 10**7, False), ("refused", 3600, False), ("refused", 4 * 3600, True), ("unknown", 60, False),
            ("unknown", 900, True),
        ]
        for state, seconds, is_due in table:
            with self.subTest(state=state, seconds=seconds):
                self.assertEqual(probe.is_due(state, seconds), is_due)

    def test_what_the_end_of_a_mail_shows(self):
        self.assertEqual([probe.said_by_mail(cause) for cause in (None, "send_as_denied", "timeout", "penalty_box")],
                         ["allowed", "refused", None, None])

    def test_new_addresses_first_and_refused_ones_last(self):
        before = {"old": ("allowed", 0.7), "denied": ("refused", 0.5), "a recent one": ("unknown", 2.0)}
        self.assertEqual(in_order(["denied", "a recent one", "new", "old"], before), ["new", "old", "a recent one", "denied"])

    def test_when_a_run_ends(self):
        refused, later, taken = (DENIED, False), ("451 4.7.0 Later", False), ("250 OK", True)
        table = [
            ("at the end", [taken] * 3, 3, None),
            ("after five refusals", [taken, refused, refused, taken, refused, refused, refused], 7, probe.TOO_MANY_REFUSALS),
            ("at once when locked out", [taken, (PENALTY, False)], 2, probe.LOCKED_OUT),
            ("after three failures in a row", [later, later, taken, later, later, later], 6, probe.NO_ANSWER),
            ("when there is no answer from the start", [later] * 3, 3, probe.NO_ANSWER),
            ("at the last address of a minute, if that is one too many", [taken] * 20 + [refused] * 5, 25, probe.TOO_MANY_REFUSALS),
            ("before it takes all messages of a minute", [taken] * 25, 25, probe.RATE),
        ]
        for case, answers, probed, stopped in table:
            more = 0 if stopped is None else 3
            run = Run([f"{number}@c.example" for number in range(len(answers) + more)])
            for reply, was_taken in answers:
                run.note(run.next(), reply, taken=was_taken)
            with self.subTest(case):
                self.assertIsNone(run.next())
                self.assertEqual((len(run.replies), len(run.left), run.stopped), (probed, more, stopped))

    def test_what_was_refused_before_counts(self):
        run = Run(["a", "b"], earlier=dict.fromkeys("uvwx", probe.REFUSED))
        run.note(run.next(), DENIED, taken=False)
        self.assertEqual((run.stopped, len(run.states())), (probe.TOO_MANY_REFUSALS, 5))

    def test_a_run_of_a_minutes_messages_is_whole(self):
        run = Run([f"{number}@c.example" for number in range(25)])
        while address := run.next():
            run.note(address, "250 OK", taken=True)
        self.assertEqual((len(run.replies), run.stopped), (25, None))

    def test_addresses_are_told_by_what_was_found_out(self):
        run = Run(["a", "b", "c"])
        for reply, taken in (("250 OK", True), (DENIED, False), ("451 4.7.0 Later", False)):
            run.note(run.next(), reply, taken=taken)
        self.assertEqual([run.addresses(state) for state in (probe.ALLOWED, probe.REFUSED, probe.UNKNOWN)], [["a"], ["b"], ["c"]])

    def test_why_a_mail_leaves_as_it_does(self):
        key = "brant@private.example"
        table = [
            (preview.NOBODY, None, ALIAS, ALIAS, preview.NO_SERVER),
            (preview.PERSONAL, None, ALIAS, key, preview.PERSONAL_SERVER),
            (preview.OTHER, None, ALIAS, key, preview.OTHER_SERVER),
            (preview.OURS, SenderIdentity(reason=UNVERIFIED), None, "erp@contoso.example", UNVERIFIED),
            (preview.OURS, SenderIdentity(), ALIAS, ALIAS, preview.ALIAS),
            (preview.OURS, SenderIdentity(), "x@bücher.example", "x@xn--bcher-kva.example", preview.ALIAS),
            (preview.OURS, SenderIdentity(), ALIAS, "notifications@contoso.example", preview.ALIAS_FILTERED),
            (preview.OURS, SenderIdentity(), None, key, preview.UNCHANGED),
            (preview.OURS, SenderIdentity(), None, FOREIGN, preview.FALLBACK),
            (preview.OURS, SenderIdentity(), None, "notifications@contoso.example", preview.NOTIFICATIONS),
        ]
        for kind, identity, alias, address, why in table:
            with self.subTest(why=why):
                self.assertEqual(preview.explain(kind, identity, alias, key, address, fits=address != FOREIGN), why)
