import smtplib

from odoo.tests import BaseCase, tagged

from ..tools.outgoing.session_pool import SessionPool
from ..tools.transport import Observer, Transport

A, B = "a@contoso.example", "b@contoso.example"


class Line(Transport):
    """A transport that opens, or is refused."""

    def __init__(self, kept_until=None, refusal=None, at_the_end=None):
        super().__init__(kept_until=kept_until)
        self.tried, self.closed, self._refusal, self._at_the_end = [], 0, refusal, at_the_end

    def _open(self, login):
        self.tried.append(login)
        if self._refusal:
            raise self._refusal

    def _is_about_login(self, error):
        return isinstance(error, smtplib.SMTPAuthenticationError)

    def _carry(self, message, envelope):
        return "250 2.0.0 OK", {}

    def close(self):
        self.closed += 1
        self.is_ended = True
        if self._at_the_end:
            raise self._at_the_end


def take(pool, server_id, login=A, make=Line):
    return pool.take(server_id, make, lambda line: line.open(login, Observer()))


@tagged("post_install", "-at_install")
class TestSessionPool(BaseCase):

    def test_each_server_has_one_transport_until_it_ends(self):
        pool = SessionPool(ends_at=7.0)
        self.assertFalse(pool.has(1))
        first = take(pool, 1)
        self.assertEqual((first.kept_until, first.ends_at, pool.has(1), pool.has(2)), (7.0, 7.0, True, False))
        self.assertIs(take(pool, 1, B), first)
        self.assertEqual(first.tried, [A], "whose turn it is says for whom it sends")
        self.assertIsNot(take(pool, 2), first)
        first.is_ended = True
        self.assertFalse(pool.has(1))
        self.assertIsNot(take(pool, 1), first)

    def test_core_gives_back_what_is_kept_and_closes_what_is_not(self):
        kept, own = take(SessionPool(), 1), Line()
        self.assertEqual((kept.quit()[0], kept.closed), (250, 0))
        self.assertEqual((own.quit()[0], own.closed), (221, 1))

    def test_what_could_not_be_opened_is_not_tried_again(self):
        refused, dead = smtplib.SMTPAuthenticationError(535, b"5.7.3 no"), ConnectionRefusedError()
        table = [  # why the first one failed; server and mailbox of the next, whether it is tried
            (refused, 1, A, False), (refused, 1, B, True), (refused, 1, None, True), (refused, 2, A, True),
            (dead, 1, A, False), (dead, 1, B, False), (dead, 1, None, False), (dead, 2, A, True),
        ]
        for error, server_id, login, tried in table:
            pool, lines = SessionPool(), []

            def make(kept_until, error=error, lines=lines):
                lines.append(Line(kept_until, error))
                return lines[-1]

            with self.subTest(error=error, server_id=server_id, login=login):
                for each in ((1, A), (server_id, login)):
                    with self.assertRaises(type(error)) as caught:
                        take(pool, *each, make)
                    self.assertIs(caught.exception, error)
                self.assertFalse(pool.has(1))
                self.assertEqual([tried for line in lines for tried in line.tried], [A, login] if tried else [A])

    def test_at_the_end_all_are_closed_whatever_one_of_them_does(self):
        lines = [Line(), Line(at_the_end=OSError("the line is dead")), Line()]
        pool = SessionPool()
        with self.assertRaisesRegex(OSError, "the line is dead"), pool as entered:
            self.assertIs(entered, pool)
            self.assertTrue(pool.is_open)
            for number, line in enumerate(lines):
                take(pool, number, make=lambda _kept_until, line=line: line)
        pool.close()
        self.assertEqual([line.closed for line in lines], [1, 1, 1])
        self.assertFalse(pool.is_open or pool.has(1))

    def test_a_run_without_an_end_waits_for_none(self):
        self.assertGreater(take(SessionPool(), 1).ends_at, 1e9)
