import datetime
import logging
import uuid
from dataclasses import dataclass
from time import monotonic

import psycopg2

from odoo import fields, models

from ..tools.budget import HOLD, Admission, Grant, Limits, Use
from ..tools.diagnosis import Diagnosis
from ..tools.smtp import Outcome

_logger = logging.getLogger(__name__)

# Messages reserved at a time where no rate is limited, and places taken at a time in the line of those who wait.
_BLOCK = 50
# Seconds that a reservation is used for new messages; the rest of HOLD is for those on their way.
_FRESH = HOLD / 3


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


class Governor:
    """Decides for one server, in one run of the queue, which mail may go now."""

    def __init__(self, server) -> None:
        """
        :param server: ``ir.mail_server`` record of ours, as superuser
        """
        self._server = server
        self._allowances: dict[str, _Allowance] = {}

    def admit(self, sender: str, recipients: int, bulk: bool) -> Admission:
        """Decide whether a message may be sent now; if so, it counts from now on.

        Asked for every SMTP transaction, right before it. Never raises, never waits.

        :param sender: address that the mail leaves as
        :param recipients: of the envelope
        :param bulk: part of a mass mailing, which leaves room for others
        """
        allowance = self._allowance(sender)
        try:
            grant = allowance.take(recipients, bulk=bulk)
        except psycopg2.Error as error:
            _logger.warning("%s: the budget can't be read, mail waits a minute: %s", self._server.display_name, error)
            return self._refusal(fields.Datetime.now() + datetime.timedelta(minutes=1), "rate_limited", recipients)
        if grant is None:
            return Admission(go=True)
        return self._refusal(grant.retry_at and _naive(grant.retry_at), grant.cause, recipients)

    def report(self, sender: str, outcome: Outcome | None, diagnosis: Diagnosis | None) -> None:
        """Tell what became of a message that was admitted.

        :param outcome: of the transaction, None if there was none: the server was not reached, or there was no recipient
        :param diagnosis: why the message was not taken, None if it was
        """
        self._allowance(sender).done(reached=outcome is not None)

    def close(self) -> None:
        """Give back what was reserved and not used. Never raises: mail was sent, and that has to be kept."""
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

    def _refusal(self, retry_at: datetime.datetime | None, cause: str, recipients: int) -> Admission:
        _ = self._server.env._
        if retry_at is None:
            reason = _(
                "%(server)s: the mail has %(recipients)s recipients, more than the server may send to in a whole day. Send it to fewer, "
                "or raise the limit Recipients a Day if the mailbox is allowed more.",
                server=self._server.display_name, recipients=recipients)
        elif cause == "daily_recipient_limit":
            reason = _("%s: the recipients of 24 hours are used up. The mail waits for its turn.", self._server.display_name)
        else:
            reason = _("%s: the messages of this minute are used up. The mail waits for its turn.", self._server.display_name)
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


def _naive(seconds: float) -> datetime.datetime:
    """Return a time as Odoo stores it (UTC, whole seconds), not before the given one."""
    return datetime.datetime.fromtimestamp(-(-seconds // 1), datetime.timezone.utc).replace(tzinfo=None)
