import smtplib
from types import SimpleNamespace

from odoo.tests import BaseCase, tagged

from ..tools.outgoing.session_pool import SessionPool

A, B = "a@contoso.example", "b@contoso.example"


class Session(SimpleNamespace):
    """An open session."""

    def __init__(self, error=None):
        super().__init__(pooled=False, is_ended=False, ends_at=None, said=[])
        self._error = error

    def quit(self):
        self.said.append(self.pooled)
        self.is_ended = True
        if self._error:
            raise self._error


@tagged("post_install", "-at_install")
class TestSessionPool(BaseCase):

    def test_each_server_has_one_session_until_it_ends(self):
        pool, opened = SessionPool(ends_at=7.0), []

        def take(server_id, login=A):
            return pool.take(server_id, login, lambda: opened.append(Session()) or opened[-1])

        self.assertFalse(pool.has(1))
        first = take(1)
        self.assertEqual((first.pooled, first.ends_at, pool.has(1), pool.has(2)), (True, 7.0, True, False))
        self.assertIs(take(1, B), first)
        self.assertIsNot(take(2), first)
        first.is_ended = True
        self.assertFalse(pool.has(1))
        self.assertIsNot(take(1), first)
        self.assertEqual(len(opened), 3)

    def test_what_could_not_be_opened_is_not_tried_again(self):
        refused, dead = smtplib.SMTPAuthenticationError(535, b"5.7.3 no"), ConnectionRefusedError()
        table = [  # why the first one failed; server and mailbox of the next, whether it is tried
            (refused, 1, A, False), (refused, 1, B, True), (refused, 1, None, True), (refused, 2, A, True),
            (dead, 1, A, False), (dead, 1, B, False), (dead, 1, None, False), (dead, 2, A, True),
        ]
        for error, server_id, login, tried in table:
            pool = SessionPool()
            with self.subTest(error=error, server_id=server_id, login=login):
                with self.assertRaises(type(error)):
                    pool.take(1, A, self.failing(error))
                self.assertFalse(pool.has(1))
                if tried:
                    self.assertIsInstance(pool.take(server_id, login, Session), Session)
                    continue
                with self.assertRaises(type(error)) as caught:
                    pool.take(server_id, login, Session)
                self.assertIs(caught.exception, error)

    @staticmethod
    def failing(error):
        def open_session():
            raise error

        return open_session

    def test_at_the_end_all_are_closed_whatever_one_of_them_does(self):
        sessions = [Session(), Session(OSError("the line is dead")), Session()]
        pool = SessionPool()
        with self.assertRaisesRegex(OSError, "the line is dead"), pool as entered:
            self.assertIs(entered, pool)
            self.assertTrue(pool.is_open)
            for number, session in enumerate(sessions):
                pool.take(number, A, lambda session=session: session)
        self.assertEqual([session.said for session in sessions], [[False]] * 3, "none of them is only given back")
        self.assertFalse(pool.is_open)

    def test_a_session_is_closed_once(self):
        pool = SessionPool()
        session = pool.take(1, A, Session)
        for _time in range(2):
            pool.close()
        self.assertEqual(session.said, [False])
        self.assertFalse(pool.has(1))

    def test_a_run_without_an_end_waits_for_none(self):
        self.assertGreater(SessionPool().take(1, A, Session).ends_at, 1e9)
