"""What is wrong, to be done or right, judged from values."""

from datetime import date, datetime, timedelta

from odoo.tests import BaseCase, tagged

from ..const import PASSWORD_ENDS
from ..tools.assistant import health, overview
from ..tools.assistant.overview import End, Line, Mailbox, PasswordServer, Queue, Refusal

NOW = datetime(2026, 12, 1, 12)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@tagged("post_install", "-at_install")
class TestOverviewRules(BaseCase):

    def test_passwords_end_on_every_microsoft_host_and_nowhere_else(self):
        table = [  # host, incoming, state
            ("smtp.office365.com", False, "todo"), ("SMTP.Office365.com.", False, "todo"), ("outlook.office365.us", True, "failed"),
            ("outlook.office365.com", True, "failed"), ("partner.outlook.cn", False, "todo"), ("smtp.gmail.com", False, None),
            ("office365.com.evil.example", False, None), ("notoffice365.com", False, None), ("", True, None)]
        for host, is_incoming, state in table:
            with self.subTest(host=host):
                [*lines] = overview.passwords([PasswordServer(("ir.mail_server", 1), "Mail", host, is_incoming)])
                self.assertEqual([line.state for line in lines], [state] if state else [])
                if state:
                    self.assertEqual(lines[0].until, PASSWORD_ENDS["incoming" if is_incoming else "outgoing"])

    def test_what_ends_is_shown_a_month_before(self):
        for days, state in ((-3, "failed"), (0, "failed"), (1, "todo"), (30, "todo"), (31, None)):
            ends = [End(("office365.app", 1), "Contoso", "The client secret", NOW.date() + timedelta(days=days))]
            self.assertEqual([line.state for line in overview.ends(ends, NOW.date())], [state] if state else [], days)

    def refusal(self, address="", is_paused=True, server=1):
        return Refusal(server, f"Server {server}", address, "535 no", NOW, is_paused)

    def test_a_server_has_one_line_however_many_of_its_senders_are_refused(self):
        many = [self.refusal(f"user{number}@contoso.example") for number in range(5000)]
        [line] = overview.refusals(many, set())
        self.assertEqual((line.kind, line.count, len(line.details), line.is_alert, line.is_sick), ("sender", 5000, 3, True, False))

    def test_the_first_refusal_of_a_default_sender_counts_and_of_another_one_the_pause(self):
        default = {"notifications@contoso.example"}
        table = [  # address, paused, kind
            ("notifications@contoso.example", False, "default_sender"), ("Notifications@Contoso.example", False, "default_sender"),
            ("brant@contoso.example", False, None), ("brant@contoso.example", True, "sender"), ("", True, "server"), ("", False, None)]
        for address, is_paused, kind in table:
            found = [line.kind for line in overview.refusals([self.refusal(address, is_paused)], default)]
            self.assertEqual(found, [kind] if kind else [], (address, is_paused))

    def test_a_fetch_fails_at_the_second_time_and_a_refused_sign_in_at_once(self):
        table = [  # failures, refused, state
            (0, False, None), (1, False, "todo"), (1, True, "failed"), (2, False, "failed")]
        for failures, is_refused, state in table:
            lines = list(overview.mailboxes([Mailbox(1, "Mail", failures=failures, is_refused=is_refused, asked=NOW)], NOW))
            self.assertEqual([(line.kind, line.state) for line in lines], [("fetch", state)] if state else [])

    def test_a_mailbox_that_nobody_asks_is_an_alert_after_an_hour(self):
        for asked, changed, kinds in ((NOW - HOUR, None, []), (NOW - HOUR - MINUTE, None, ["not_fetched"]), (None, None, []),
                                      (NOW - 2 * HOUR, NOW - MINUTE, [])):
            self.assertEqual([line.kind for line in overview.mailboxes([Mailbox(1, "Mail", asked=asked, changed=changed)], NOW)], kinds)
        [line] = overview.mailboxes([Mailbox(1, "Mail", is_confirmed=False, failures=9)], NOW)
        self.assertEqual((line.kind, line.is_alert), ("unconfirmed", False))

    def test_mail_that_waits_is_an_alert_after_an_hour_unless_it_is_mass_mail_that_waits_for_its_turn(self):
        table = [  # oldest, oldest that alarms, state
            (NOW - MINUTE, NOW - MINUTE, "todo"), (NOW - HOUR - MINUTE, NOW - HOUR - MINUTE, "failed"), (NOW - 9 * HOUR, None, "todo")]
        for since, alarming, state in table:
            [line] = overview.queue(Queue(7, since, alarming), NOW)
            self.assertEqual((line.state, line.count), (state, 7))
        self.assertFalse(list(overview.queue(Queue(), NOW)))

    def test_a_heartbeat_that_fails_twice_or_is_late_is_an_alert(self):
        table = [  # state, failures, what is shown
            ("off", 9, None), ("idle", 0, None), ("working", 0, None), ("failing", 1, "todo"), ("failing", 2, "failed"),
            ("late", 0, "failed")]
        for state, failures, shown in table:
            lines = list(overview.heartbeats(
                [{"setup_id": 1, "name": "Contoso", "state": state, "last_success": None, "failures": failures}]))
            with self.subTest(state=state, failures=failures):
                self.assertEqual([(line.state, line.is_alert, line.is_sick) for line in lines],
                                 [(shown, shown == "failed", shown == "failed")] if shown else [])

    def test_messages_that_are_not_accounted_for_are_told_but_are_no_alarm(self):
        [line] = overview.mailboxes([Mailbox(1, "Mail", asked=NOW, differences=3)], NOW)
        self.assertEqual((line.kind, line.count, line.is_alert, line.is_sick), ("differences", 3, True, False))

    def test_what_is_wrong_comes_first_and_what_is_right_has_one_line(self):
        lines = overview.as_shown([Line("alias", "todo", count=1), Line("server", "failed", ("ir.mail_server", 1))])
        self.assertEqual([line.kind for line in lines[:2]], ["server", "alias"])
        self.assertEqual({line.kind for line in lines}, overview.SHOWN_IF_DONE)
        self.assertTrue(all(line.state == "done" for line in lines[2:]))

    def test_an_alert_keeps_its_key_while_its_words_and_numbers_change(self):
        one = Line("sender", "failed", ("ir.mail_server", 1), "Old name", count=1, words="a")
        self.assertEqual(one.key, Line("sender", "failed", ("ir.mail_server", 1), "New name", count=2, words="b", since=NOW).key)
        self.assertNotEqual(one.key, Line("sender", "failed", ("ir.mail_server", 2)).key)


@tagged("post_install", "-at_install")
class TestHealth(BaseCase):

    def answer(self, *lines, boxes=(), heartbeats=()):
        return health.answer(list(lines), [(1, "erp@contoso.example at Office 365")], boxes, Queue(2, NOW - MINUTE), heartbeats, NOW)

    def test_a_sick_server_is_503_and_a_refused_user_is_not(self):
        self.assertEqual(self.answer()[0], 200)
        for kind, status in (("server", 503), ("default_sender", 503), ("sender", 200)):
            code, content = self.answer(Line(kind, "failed", ("ir.mail_server", 1), "Office 365"))
            self.assertEqual((code, content["outgoing"][0]["state"]), (status, kind))

    def test_it_names_no_address_and_no_words_of_a_server(self):
        text = str(self.answer(
            Line("sender", "failed", ("ir.mail_server", 1), "erp@contoso.example", details=("brant@contoso.example",), words="535 no"),
            boxes=[Mailbox(3, "info@contoso.example", words="NO AUTHENTICATE", failures=3, asked=NOW)],
            heartbeats=[{"setup_id": 1, "name": "x@contoso.example", "state": "working", "last_success": NOW}])[1])
        for secret in ("@", "535", "AUTHENTICATE"):
            self.assertNotIn(secret, text)
        self.assertIn("2026-12-01T12:00:00Z", text)

    def test_how_long_the_oldest_mail_waits_is_in_seconds(self):
        self.assertEqual((self.answer()[1]["oldest_waiting_seconds"], self.answer()[1]["waiting"]), (60, 2))

    def test_a_token_is_itself_and_nothing_else(self):
        token = health.new_token()
        digest = health.digest_of(token)
        self.assertGreaterEqual(len(token), 43)
        self.assertNotIn(token, digest)
        for given, is_right in ((token, True), (token[:-1], False), (f"{token} ", False), ("", False), ("ä" * 50, False), (digest, False),
                                ("x" * 10 ** 6, False)):
            self.assertEqual(health.is_token(given, digest), is_right)
        for given in ("", "-" * 64, token):
            self.assertFalse(health.is_token(given, ""))

    def test_a_bearer_header_holds_the_token(self):
        table = {"Bearer abc": "abc", "bearer   abc ": "abc", "Basic abc": "", "": "", "Bearer": "", "abc": ""}
        self.assertEqual({header: health.bearer(header) for header in table}, table)


@tagged("post_install", "-at_install")
class TestDates(BaseCase):

    def test_the_last_of_december_2026_is_when_passwords_end_for_smtp(self):
        self.assertEqual(PASSWORD_ENDS["outgoing"], date(2026, 12, 31))
