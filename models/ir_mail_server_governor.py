import datetime
import logging
import math
import uuid
from dataclasses import dataclass
from time import monotonic

import psycopg2
from odoo import fields, models

from ..tools.breaker import Breaker, Scope, Verdict, scope_of
from ..tools.budget import HOLD, Admission, Grant, Limits, Use
from ..tools.diagnosis import Diagnosis
from ..tools.smtp import Outcome

_logger = logging.getLogger(__name__)

# Messages reserved at a time where no rate is limited, and places taken at a time in the line of those who wait.
_BLOCK = 50
# Seconds that a reservation is used for new messages; the rest of HOLD is for those on their way.
_FRESH = HOLD / 3
# Seconds after which the pauses that others began are read again, and deliveries written.
_OLD = 5
# Deliveries that are written at a time, at most.
_ROWS = 100


@dataclass
class _Block:
    """What is reserved for the next messages of a lane."""

    messages: int
    recipients: int
    asked_at: float

    def has(self, recipients: int) -> bool:
        return self.messages > 0 and self.recipients >= recipients and monotonic() - self.asked_at < _FRESH


class _Allowance:
    """What one mailbox may still send in this run, taken from its budget in blocks."""

    def __init__(self, budgets, key: str, limits: Limits) -> None:
        self._budgets, self._key, self._limits = budgets, key, limits
        self._holder = uuid.uuid4().hex[:12]
        self._size = max(1, limits.rate // 10) if limits.rate else _BLOCK
        self._clock = 0.0  # what the database's clock is ahead of monotonic(), never too little
        self._blocks: dict[bool, _Block] = {}
        self._lines: dict[bool, tuple[Grant, int]] = {}  # places in the line, and how many of them are taken
        self._sending: list[Use] = []
        self._uses: list[Use] = []

    def take(self, recipients: int, *, bulk: bool) -> Grant | None:
        """Take what a message needs; None if it may go."""
        if not self._limits:
            return None
        if line := self._lines.get(bulk):
            return self._stand_in(*line, recipients, bulk=bulk)
        block = self._blocks.get(bulk)
        if not block or not block.has(recipients):
            grant = self._ask(recipients, bulk=bulk)
            if not grant.messages:
                return grant
            block = self._blocks[bulk]
        block.messages -= 1
        block.recipients -= recipients
        self._sending.append(Use(0, bulk, recipients))
        return None

    def done(self, *, reached: bool) -> None:
        """Note the end of the message that was taken first.

        :param reached: whether the server may have counted it
        """
        if not self._sending:
            return
        use = self._sending.pop(0)
        if reached:
            self._uses.append(Use(self._now(), use.bulk, use.recipients))
        elif block := self._blocks.get(use.bulk):
            block.messages += use.messages
            block.recipients += use.recipients

    def close(self) -> None:
        """Give back what was not used. What nobody told the end of may have been sent."""
        while self._sending:
            self.done(reached=True)
        if self._uses or any(block.messages for block in self._blocks.values()):
            self._budgets._settle(self._key, self._holder, self._uses)
        self._uses, self._blocks = [], {}

    def _ask(self, recipients: int, *, bulk: bool, waits: bool = False) -> Grant:
        asked_at = monotonic()
        grant, now = self._budgets._ask(
            self._key, self._holder, self._limits, self._uses, self._sending, bulk=bulk, recipients=recipients,
            block=_BLOCK if waits else self._size, waits=waits)
        self._uses, self._blocks = [], {}  # the rest of both lanes was given back
        self._clock = now - asked_at
        if grant.messages:
            self._blocks[bulk] = _Block(grant.messages, grant.recipients, asked_at)
        elif grant.spacing:
            self._lines[bulk] = grant, 1
        return grant

    def _stand_in(self, line: Grant, taken: int, recipients: int, *, bulk: bool) -> Grant:
        """Return a place in the line behind the one before: who comes later in a run goes later."""
        if taken >= line.places:
            return self._ask(recipients, bulk=bulk, waits=True)
        self._lines[bulk] = line, taken + 1
        return Grant(retry_at=line.retry_at + taken * line.spacing, cause=line.cause)

    def _now(self) -> float:
        return self._clock + monotonic()


class _Switches:
    """The pauses of a server, as they were a few seconds ago at most, and what this run has to do with them."""

    def __init__(self, server) -> None:
        self._server, self._pauses = server, server.env["office365.pause"]
        self._states: dict[str, Breaker] = {}
        self._read_at, self._ahead = -math.inf, datetime.timedelta()
        self._trials: set[str] = set()

    def verdict(self, sender: str) -> tuple[Verdict, str]:
        """Return what pauses let become of a mail of this sender, and whose pause it is ("": the server's)."""
        if monotonic() - self._read_at > _OLD:
            self._states, now = self._pauses._states(self._server)
            self._set_clock(now)
        # A mail that goes with a trial of this run is the trial.
        judged = [(self._states[target].judge(self._now()), target) for target in ("", sender)
                  if target in self._states and target not in self._trials]
        return next((each for each in judged if each[0] is not Verdict.GO), (Verdict.GO, ""))

    def claim(self, target: str) -> bool:
        """Tell whether this run may make the trial of a pause that is over."""
        self._read_at = -math.inf  # whatever comes of it, it is news
        if self._pauses._claim_trial(self._server, target):
            self._trials.add(target)
            return True
        return False

    def succeeded(self, sender: str) -> None:
        """Forget what was refused before, unless it is about something else: a pause that began while this mail was on its way."""
        for target in ("", sender):
            state = self._states.get(target)
            if state and (target in self._trials or state.until is None):
                self._pauses._succeeded(self._server, target)
                del self._states[target]
                self._trials.discard(target)

    def failed(self, sender: str, cause: str, reply: str) -> str | None:
        """Count a refusal that stops something; return whose pause it leads to, if it does."""
        scope = scope_of(cause, own_mailbox=self._server.office365_sender_mode == "as_sender")
        target = {Scope.SERVER: "", Scope.ADDRESS: sender}.get(scope)
        self.release(but=target)
        if target is None:
            return None
        state, now = self._pauses._failed(self._server, target, cause, reply)
        self._states[target] = state
        self._set_clock(now)
        return target if state.until else None

    def release(self, but: str | None = None) -> None:
        """Let others try: what became of this run's trials said nothing."""
        trials, self._trials = self._trials - {but}, set()
        for target in trials:
            self._pauses._release_trial(self._server, target)

    def close(self) -> None:
        """Release trials that nobody told the end of."""
        try:
            self.release()
        except psycopg2.Error as error:
            _logger.warning("%s: the next trial is some minutes later: %s", self._server.display_name, error)

    def refusal(self, target: str) -> tuple[datetime.datetime, str]:
        """Return when a mail that is stopped may ask again, and the cause."""
        state = self._states[target]
        return state.retry_at(self._now()), state.cause

    def _set_clock(self, now: datetime.datetime) -> None:
        self._read_at = monotonic()
        self._ahead = now - datetime.datetime.min - datetime.timedelta(seconds=self._read_at)

    def _now(self) -> datetime.datetime:
        return datetime.datetime.min + self._ahead + datetime.timedelta(seconds=monotonic())


class Governor:
    """Decides for one server, in one run of the queue, which mail may go now."""

    def __init__(self, server) -> None:
        """
        :param server: ``ir.mail_server`` record of ours, as superuser
        """
        self._server = server
        self._switches = _Switches(server)
        self._allowances: dict[str, _Allowance] = {}
        self._deliveries: list[dict] = []
        self._written_at = monotonic()

    def admit_connection(self) -> Admission:
        """Decide whether the server may be connected to: asked before that, as signing in at a server that is paused is a trial, too.

        Reserves nothing but the trial; the mail that follows is asked for with :meth:`admit`.
        """
        try:
            verdict, target = self._switches.verdict("")
            if verdict is Verdict.GO or (verdict is Verdict.TRIAL and self._switches.claim(target)):
                return Admission(go=True)
            return self._paused(target)
        except psycopg2.Error as error:
            return self._unknown(error)

    def admit(self, sender: str, recipients: int, bulk: bool) -> Admission:
        """Decide whether a message may be sent now; if so, it counts from now on.

        Asked for every SMTP transaction, right before it. Never waits. If the database can't say, the mail waits a minute.

        :param sender: address that the mail leaves as
        :param recipients: of the envelope
        :param bulk: part of a mass mailing, which leaves room for others
        """
        try:
            return self._admit(sender, recipients, bulk=bulk)
        except psycopg2.Error as error:
            return self._unknown(error)

    def _admit(self, sender: str, recipients: int, *, bulk: bool) -> Admission:
        verdict, target = self._switches.verdict(sender)
        if verdict is Verdict.WAIT:
            return self._paused(target)
        allowance = self._allowance(sender)
        if grant := allowance.take(recipients, bulk=bulk):
            return self._short(grant, recipients)
        if verdict is Verdict.TRIAL and not self._switches.claim(target):
            allowance.done(reached=False)
            return self._paused(target)
        return Admission(go=True)

    def report(
        self, sender: str, outcome: Outcome | None, diagnosis: Diagnosis | None, *, reply: str = "",
    ) -> Admission | None:
        """Tell what became of a message that was admitted.

        :param outcome: of the transaction, None if there was none: the server was not reached, or there was no recipient
        :param diagnosis: why the message was not taken, None if it was
        :param reply: what the server said, if there is no outcome
        :return: None if the diagnosis says what becomes of the mail; if a pause does, that it waits and how long
        """
        self._allowance(sender).done(reached=outcome is not None)
        try:
            if diagnosis:
                target = self._switches.failed(sender, diagnosis.cause, outcome.reply if outcome else reply)
                return None if target is None else self._paused(target)
            if outcome:
                self._switches.succeeded(sender)
            else:
                self._switches.release()
        except psycopg2.Error as error:  # what became of the mail itself has to be kept all the same
            _logger.warning("%s: a pause can't be written: %s", self._server.display_name, error)
        return None

    def note(self, delivery: dict) -> None:
        """Keep a row of ``office365.delivery``, which is written with others."""
        self._deliveries.append(delivery)
        if len(self._deliveries) >= _ROWS or monotonic() - self._written_at > _OLD:
            self._write_deliveries()

    def _write_deliveries(self) -> None:
        rows, self._deliveries, self._written_at = self._deliveries, [], monotonic()
        if rows:
            self._server.env["office365.delivery"]._keep(rows)

    def close(self) -> None:
        """Write down what was not yet, give back what was reserved and not used. Never raises: that mail was sent has to be kept."""
        self._switches.close()
        self._write_deliveries()
        for allowance in self._allowances.values():
            try:
                allowance.close()
            except psycopg2.Error as error:
                _logger.warning("%s: what was reserved is held for some minutes: %s", self._server.display_name, error)

    def _allowance(self, sender: str) -> _Allowance:
        key = self._server._office365_budget_key(sender)
        if key not in self._allowances:
            self._allowances[key] = _Allowance(self._server.env["office365.budget"], key, self._server._office365_limits(key))
        return self._allowances[key]

    def _unknown(self, error: psycopg2.Error) -> Admission:
        name = self._server.display_name
        _logger.warning("%s: pauses and budgets can't be read, mail waits a minute: %s", name, error)
        return self._wait(
            fields.Datetime.now() + datetime.timedelta(minutes=1), "server_busy",
            self._server.env._("%s: the database can't tell whether the mail may go.", name))

    def _paused(self, target: str) -> Admission:
        retry_at, cause = self._switches.refusal(target)
        return self._wait(retry_at, cause, self._server.env._(
            "%(name)s is refused, so that its mail waits.", name=target or self._server.display_name))

    def _short(self, grant: Grant, recipients: int) -> Admission:
        env, name = self._server.env, self._server.display_name
        if grant.retry_at is None:
            return self._wait(None, grant.cause, env._(
                "%(server)s: the mail has %(recipients)s recipients, more than the server may send to in a whole day. Send it to fewer, "
                "or raise the limit Recipients a Day if the mailbox is allowed more.", server=name, recipients=recipients))
        if grant.cause == "daily_recipient_limit":
            reason = env._("%s: the recipients of 24 hours are used up. The mail waits for its turn.", name)
        else:
            reason = env._("%s: the messages of this minute are used up. The mail waits for its turn.", name)
        return self._wait(_naive(grant.retry_at), grant.cause, reason)

    @staticmethod
    def _wait(retry_at: datetime.datetime | None, cause: str, reason: str) -> Admission:
        return Admission(go=False, retry_at=retry_at, cause=cause, reason=reason)


class IrMail_Server(models.Model):
    """Who asks whether a mail may go."""

    _inherit = "ir.mail_server"

    def _office365_governor(self) -> Governor:
        """Return what decides on the mail of this server: one object a run, if the context has a dict ``office365_governors``.

        Who makes one, by putting the dict there or by having none, calls :meth:`Governor.close` in the end.
        """
        self.ensure_one()
        governors = self.env.context.get("office365_governors")
        if governors is None:
            return Governor(self.sudo())
        if self.id not in governors:
            governors[self.id] = Governor(self.sudo())
        return governors[self.id]

    def _office365_note(self, delivery: dict) -> None:
        """Write down a delivery: at once, or with others of the run."""
        governor = self._office365_governor()
        governor.note(delivery)
        if self.env.context.get("office365_governors") is None:
            governor.close()


def _naive(seconds: float) -> datetime.datetime:
    """Return a time as Odoo stores it (UTC, whole seconds), not before the given one."""
    return datetime.datetime.fromtimestamp(-(-seconds // 1), datetime.timezone.utc).replace(tzinfo=None)
