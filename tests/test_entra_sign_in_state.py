from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.reader import diagnose
from ..tools.entra import expiry, sign_in_check, sign_in_state
from ..tools.entra.tokens import Claims

TODAY = date(2026, 11, 24)


@tagged("post_install", "-at_install")
class TestSignInTools(BaseCase):

    def test_a_reminder_is_due_at_30_14_and_3_days_and_at_the_end(self):
        table = {31: None, 30: 30, 15: 30, 14: 14, 4: 14, 3: 3, 1: 3, 0: 0, -100: 0}
        for days, due in table.items():
            with self.subTest(days=days):
                self.assertEqual(expiry.threshold(TODAY + timedelta(days=days), TODAY), due)
        self.assertIsNone(expiry.threshold(None, TODAY))

    def test_what_a_token_may_do(self):
        smtp, imap, pop = "SMTP.SendAsApp", "IMAP.AccessAsApp", "POP.AccessAsApp"
        table = [
            (Claims(roles=(smtp, imap, pop)), "app", ["granted", "granted", "granted"]),
            (Claims(roles=(imap,)), "app", ["missing", "granted", "missing"]),
            (Claims(), "app", ["app_rbac", "missing", "missing"]),
            (Claims(roles=("Mail.Send",)), "app", ["hve_only", "missing", "missing"]),
            (Claims(roles=(smtp,), scopes=("SMTP.Send",)), "delegated", ["granted", "missing", "missing"]),
            (Claims(scopes=("IMAP.AccessAsUser.All",)), "delegated", ["missing", "granted", "missing"]),
            (Claims(), "delegated", ["missing", "missing", "missing"]),
        ]
        for claims, flow, verdicts in table:
            with self.subTest(claims=claims, flow=flow):
                self.assertEqual([finding.verdict for finding in sign_in_check.findings(claims, flow)], verdicts)

    def test_high_volume_email_asks_for_a_permission_of_its_own(self):
        smtp, hve = "SMTP.SendAsApp", "Mail.Send"
        table = [
            (Claims(roles=(smtp, hve)), "app", "granted"),
            (Claims(roles=(smtp,)), "app", "missing"),
            (Claims(scopes=(hve,)), "delegated", "granted"),
        ]
        for claims, flow, verdict in table:
            with self.subTest(claims=claims, flow=flow):
                found = sign_in_check.findings(claims, flow, hve=True)
                self.assertEqual([finding.protocol for finding in found], ["smtp", "imap", "pop", "hve"])
                self.assertEqual((found[-1].permission, found[-1].verdict), (hve, verdict))

    def test_a_sign_in_works_once_and_for_ten_minutes(self):
        pending = sign_in_state.begin(None, "a", {"account": "x"}, now=1000)
        entry, left = sign_in_state.take(pending, "a", now=1599)
        self.assertEqual(entry["account"], "x")
        self.assertEqual(sign_in_state.take(left, "a", now=1599), (None, {}))
        self.assertIsNone(sign_in_state.take(pending, "a", now=1600)[0])
        self.assertIsNone(sign_in_state.take(pending, "b", now=1001)[0])
        self.assertIsNone(sign_in_state.take(None, "", now=1001)[0])

    def test_an_error_that_has_its_diagnosis_keeps_it_on_the_way_up(self):
        inner = Exception("Microsoft Entra gave no token")
        inner.diagnosis = diagnose({"error": "temporarily_unavailable"}, protocol="entra")
        try:
            try:
                raise inner
            except Exception as error:
                raise RuntimeError("Unable to connect to SMTP Server", error) from None
        except RuntimeError as error:
            self.assertEqual(diagnose(error, protocol="smtp"), inner.diagnosis)
        self.assertEqual((inner.diagnosis.cause, inner.diagnosis.retryable), ("entra_unavailable", True))

    def test_a_session_keeps_the_newest_sign_ins(self):
        pending = None
        for number in range(9):
            pending = sign_in_state.begin(pending, str(number), {}, now=1000 + number)
        self.assertEqual(list(pending), ["4", "5", "6", "7", "8"])
        self.assertEqual(list(sign_in_state.begin(pending, "x", {}, now=1606)), ["7", "8", "x"])
        self.assertNotEqual(sign_in_state.new_state(), sign_in_state.new_state())
