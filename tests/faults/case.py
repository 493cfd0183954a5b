"""Base of the tests of the fault matrix, and the page with their results."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..servers import Fault
from .matrix import MAILS, Matrix, Tally
from .matrix_case import MatrixCase, write_page

_PAGE = """\
<!-- Written by `dev/o365 test --fault-table`. -->
# What faults do to mail

Each line is a test: {mails} mails of {senders} users in the queue, half of them notifications with their recipients' states in the chatter;
the mail cron's method runs in a worker process of its own, against the local mail servers over real sockets, with real commits. What
arrived is counted by Message-Id and compared with what Odoo says. Waiting is skipped: what is due later is made due, and the queue runs
again until it is empty.

*First run* is what was after the run that met the fault. *Twice* counts arrivals beyond the first of a mail, always with the same
Message-Id; where it is not 0, nobody can do better: the server had taken the mail, and Odoo could not know, or could not write it down
any more. *Lost* (sent, as Odoo says, but never arrived) and false alarms (arrived, but failed, as Odoo says) are 0 in each line, or the
test fails. A mail that a fault strikes twice after it was written is given up, and says that it may have arrived: it counts as neither.

The limits (messages a minute, recipients a day) are off, but where a line says that those of the preset are on: then the server keeps count
as well, and refuses none.

Odoo {odoo}, {date}.

| fault | first run: sent / queued / failed | in the end: sent / failed | twice | lost | runs |
| --- | --- | --- | --- | --- | --- |
"""

_WHERE = {
    "CONNECT": "before the banner", "EHLO": "in EHLO", "STARTTLS": "at STARTTLS", "AUTH": "at the sign-in", "MAIL": "at MAIL",
    "RCPT": "at RCPT", "DATA": "at DATA", "BDAT": "at BDAT", "BODY": "in the message", "END_OF_DATA": "after the message, before the reply",
    "QUIT": "at QUIT", "TOKEN": "of the token endpoint",
}
_rows: list[str] = []


class FaultCase(MatrixCase):
    """Faults that strike a worker while it sends."""

    @classmethod
    def make_matrix(cls):
        return Matrix()

    @classmethod
    def write_page(cls):
        write_page(_PAGE, _rows, mails=MAILS, senders=Matrix.senders)

    def fault(self, step, action, *, at: str = "submission", every: int = 1, times: int | None = None, **options) -> Fault:
        """Script a fault of a server; the steps are those of `servers.faults`."""
        return getattr(self.matrix.servers, at).faults.add(step, action, every=every, times=times, **options)

    def check(
        self, title: str, faults: Iterable[tuple] = (), *, first: Callable[[], object] | None = None, sent_at_once: int = 0,
        failed: int = 0, doubted: int = 0, twice: int = 0, timeout: int = 10, unplanned: bool = False, hidden: Iterable[str] = (),
        **options: Any,
    ) -> None:
        """Let faults strike, and prove that every mail is accounted for.

        :param title: what the page calls the case
        :param faults: pairs of step and action, scripted with the further ``options``; each has to strike
        :param first: what happens in place of the first queue run
        :param sent_at_once: how many mails have to be sent in the first run, at least
        :param failed: how many have to fail for good
        :param doubted: how many may be given up since the fault struck them twice after the message was written
        :param twice: how many arrivals may be second ones
        :param timeout: seconds that the worker waits for a server
        :param unplanned: mails may wait for the next run of the queue instead of a certain time, as the first one was cut off
        :param hidden: EHLO keywords that the server does not offer
        """
        self.matrix.reset(timeout)
        self.matrix.servers.submission.hidden.update(hidden)
        scripted = [self.fault(step, action, **options) for step, action in faults]
        self.arrange()
        early, late = self.matrix.settle(first)
        with self.subTest(title, first_run=early, end=late):
            for tally in (early, late):
                self.assertEqual(tally.sent + tally.queued + tally.failed + tally.doubted, MAILS)
                self.assertEqual(tally.lost, 0, "sent, as Odoo says, but never arrived")
                self.assertEqual(tally.false_alarms, 0, "arrived, but failed, as Odoo says")
                self.assertEqual(tally.speechless, 0, "failed without a cause")
                self.assertEqual(tally.at_odds, 0, "notifications say something else than their mail")
                self.assertLessEqual(tally.failed, failed)
            self.assertGreaterEqual(early.sent, sent_at_once, "mails after the fault have to go on")
            if not unplanned:
                self.assertEqual(early.unplanned, 0, "queued without a time for the next try")
            self.assertLessEqual(late.doubted, doubted)
            self.assertEqual((late.sent, late.queued, late.failed), (MAILS - failed - late.doubted, 0, failed))
            self.assertLessEqual(late.twice, twice, "arrived twice")
            self.assertEqual(late.strangers, 0, "a second copy with another Message-Id")
            self.assertTrue(all(fault.struck for fault in scripted), "a fault that never struck proves nothing")
        struck = ", ".join(f"{_WHERE[fault.step]} ({fault.struck}×)" for fault in scripted)
        _rows.append(_row(f"{title} {struck}".strip(), early, late, self.matrix.runs))

    def arrange(self) -> None:
        """Set up what is no scripted fault, after everything was put back."""


def _row(fault: str, early: Tally, late: Tally, runs: int) -> str:
    first_run, end = f"{early.sent} / {early.queued} / {early.failed}", f"{late.sent} / {late.failed}"
    return f"| {fault} | {first_run} | {end} | {late.twice} | {late.lost} | {runs} |"
