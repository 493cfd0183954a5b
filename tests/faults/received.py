"""Base of the tests of the fault matrix of receiving, and the page with their results."""
from __future__ import annotations

import datetime
import os
import unittest
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from odoo import release
from odoo.tests import BaseCase

from ..servers import available
from ..servers.front_faults import FrontFault
from .count import Count
from .mailbox import Receiving

_IS_FOR_PAGE = "MAIL_OFFICE365_FAULTS_TABLE" in os.environ
#: Messages of a case: on the page always so many; a run of the suite has less time.
MESSAGES = 300 if _IS_FOR_PAGE else 20
#: Where a few would prove little, as a moment or another worker has to strike among them.
MANY = 300 if _IS_FOR_PAGE else 60
#: How many of them one fetch takes.
AT_ONCE = min(MESSAGES, 200)

_PAGE = """\
<!-- Written by `dev/o365 test --fault-table`. -->
# What faults do to mail that is received

Each line is a test: {messages} messages arrive in a mailbox, every tenth without Message-Id; fewer only where each has 1.2 MB, a few more
where some arrive later. The mail cron's method runs in a worker process of its own, against a real Dovecot behind a front that behaves as
Exchange does, over real sockets, with real commits. Odoo takes at most 200 messages a fetch. Waiting is skipped: what is due later is made
due, and Odoo fetches again until nothing changes any more.

*First fetch* is what was after the fetch that met the fault. *Posted* is in Odoo, *kept* in the list of received mail with its source,
*named* in that list without a source, as the server handed none out; *waiting* is in the mailbox as it arrived. *Removed* counts what a
person took out of the mailbox before Odoo had it. *Lost* (nowhere, or marked in the mailbox as if it had been fetched), *twice* (posted
more than once, or posted and kept) and what the mailbox does not show in the end although Odoo has it are 0 in each line, or the test
fails. There is one connection a fetch; a second one only where the token of the first was refused.

Odoo {odoo}, {date}.

| fault | messages | first fetch: posted / kept / named / waiting | in the end: posted / kept / named / removed | twice | lost | fetches |
| --- | --- | --- | --- | --- | --- | --- |
"""
_rows: list[str] = []


class ReceivedCase(BaseCase):
    """Faults that strike a worker while it fetches.

    :cvar matrix: servers, database and workers
    :cvar preset: "imap" or "pop"
    """

    preset = "imap"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "MAIL_OFFICE365_FAULTS_DATABASE" not in os.environ:
            raise unittest.SkipTest("the fault matrix needs a database of its own, which `dev/o365 test` makes")
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers cannot run: {reason}")
        cls.matrix = cls.enterClassContext(Receiving(cls.preset))
        cls.addClassCleanup(_write_page)

    def fault(self, step, action, **options) -> FrontFault:
        """Script a fault; the steps are those of :mod:`..servers.front_faults`."""
        return self.matrix.front.faults.add(step, action, **options)

    def uid(self, number):
        """Return the UID of a message by the order of arrival."""
        subject = self.matrix.subjects[number]
        return next(uid for uid, message in self.matrix.mailbox.uids().items() if message["Subject"] == subject)

    def person(self, *, deletes=(), moves=(), reads=()):
        """Return what a person does with messages, by the order of arrival."""
        def act():
            messages = self.matrix.mailbox.messages()
            by_subject = {str(message["Subject"]): message for message in messages}
            subjects, mailbox = self.matrix.subjects, self.matrix.mailbox
            for number in deletes:
                mailbox.delete(by_subject[subjects[number]])
            for number in moves:
                mailbox.move(by_subject[subjects[number]], "Archiv")
            for number in reads:
                mailbox.flag(by_subject[subjects[number]], "S")
            self.matrix.removed.update(subjects[number] for number in (*deletes, *moves))
            self.matrix.read.update(subjects[number] for number in reads)

        return act

    def check(
        self, title: str, faults: Iterable[tuple] | Callable[[], Iterable[tuple]] = (), *,
        arrange: Callable[[], object] | None = None, first: Callable[[], object] | None = None, messages: int = MESSAGES, text: str = "",
        unread_history: bool = False, posted_at_once: int = 0, named_at_once: int | None = None, kept: int = 0, named: int = 0,
        removed: int = 0, connections: int = 1, after: str = "seen", timeout: int = 10, hidden: Iterable[str] = (), **options: Any,
    ) -> None:
        """Let faults strike, and prove that every message is accounted for.

        :param title: what the page calls the case
        :param faults: step, action and perhaps options of their own, scripted with the further ``options``; each has to strike. A function
            is asked for them when the messages are there.
        :param arrange: called when the messages are there
        :param first: what happens in place of the first fetch
        :param messages: number of messages
        :param unread_history: they are there before the first connection, and nothing but their being unread says that they are wanted
        :param posted_at_once: how many have to be posted by the first fetch, at least
        :param kept: how many are kept with their source in the end; ``named``: without one; ``removed``: taken away by a person
        :param named_at_once: how many are named after the first fetch
        :param connections: most connections a fetch
        :param after: what the server's field "Fetched Messages" says
        :param timeout: seconds that the worker waits for a server
        :param hidden: capabilities that the server does not offer
        :param text: what each message says besides
        """
        matrix = self.matrix
        matrix.reset(timeout, after)
        matrix.front.hidden.update(hidden)
        if unread_history or self.preset == "pop":
            matrix.never_connected()
        else:
            self.assertEqual(matrix.connect_first(), "")
        before = len(matrix.front_connections())
        matrix.runs = 0
        matrix.deliver(messages, text=text)
        if arrange:
            arrange()
        wanted = faults() if callable(faults) else faults
        scripted = [self.fault(step, action, **options | (own[0] if own else {})) for step, action, *own in wanted]
        early, late = matrix.settle(scripted, first)
        with self.subTest(title, first_fetch=early, end=late):
            for count in (early, late):
                self.assertEqual(
                    count.posted + count.kept + count.named + count.waiting + count.removed + count.lost, len(matrix.subjects), "adds up")
                self.assertEqual(count.lost, 0, "lost")
                self.assertEqual(count.twice, 0, "twice")
                self.assertEqual(count.strangers, 0, "what nobody wrote is posted as mail")
            self.assertGreaterEqual(early.posted, posted_at_once, "messages after the fault have to go on")
            if named_at_once is not None:
                self.assertEqual(early.named, named_at_once)
            self.assertEqual((late.waiting, late.kept, late.named, late.removed), (0, kept, named, removed))
            self.assertEqual(late.unmarked, 0, "the mailbox does not show it")
            self.assertLessEqual(len(matrix.front_connections()) - before, matrix.runs * connections, "one connection a fetch")
            self.assertFalse([fault for fault in scripted if not fault.struck], "a fault that never struck proves nothing")
            self.assertFalse(matrix.servers.errors, "exceptions inside the local servers")
        _rows.append(_row(title, early, late, matrix.runs))


def _row(title: str, early: Count, late: Count, runs: int) -> str:
    total = late.posted + late.kept + late.named + late.waiting + late.removed + late.lost
    first = f"{early.posted} / {early.kept} / {early.named} / {early.waiting}"
    end = f"{late.posted} / {late.kept} / {late.named} / {late.removed}"
    return f"| {title} | {total} | {first} | {end} | {late.twice} | {late.lost} | {runs} |"


def _write_page() -> None:
    """Write the page if `dev/o365 test --fault-table` asks for it; each class adds its rows."""
    if target := os.environ.get("MAIL_OFFICE365_FAULTS_TABLE"):
        date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        head = _PAGE.format(messages=MESSAGES, odoo=release.version, date=date)
        Path(target).with_name("fault-matrix-receiving.md").write_text(head + "\n".join(_rows) + "\n", encoding="utf-8")
