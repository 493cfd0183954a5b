import datetime
import logging
from dataclasses import dataclass
from time import monotonic

import psycopg2
from odoo import fields, models

from ...tools.diagnosis.cause import SESSION
from ...tools.diagnosis.reader import Diagnosis, diagnose
from ...tools.outgoing.breaker import Verdict
from ...tools.outgoing.quota import Grant
from ...tools.sending import Sending
from ...tools.transport import Outcome
from .breakers import Breakers
from .reservation import Reservations

_logger = logging.getLogger(__name__)

# Deliveries that are written at a time, and seconds that one waits for others.
_ROWS = 100
_WAITS = 5


@dataclass(frozen=True)
class Admission:
    """Whether a message may be sent now.

    :ivar go: it may
    :ivar retry_at: when to ask again (naive, UTC); None if it goes, or if it can never go
    :ivar cause: slug of what keeps it back
    :ivar reason: the same as a sentence for people, translated
    :ivar is_failure: it does not wait for its turn: something fails
    """

    go: bool
    retry_at: datetime.datetime | None = None
    cause: str | None = None
    reason: str = ""
    is_failure: bool = False


class Governor:
    """Decides for one server, in one run of the queue, which mail may go now."""

    def __init__(self, server) -> None:
        """
        :param server: ``ir.mail_server`` record of ours, as superuser; in the transaction of whoever asks next
        """
        self.server = server
        self._breakers = Breakers(
            server.env["office365.pause"], server, own_mailbox=server.office365_sender_mode == "as_sender")
        self._keys: dict[str, str] = {}
        self._reservations: dict[str, Reservations] = {}
        self._deliveries: list[dict] = []
        self._written_at = monotonic()

    def admit(self, sender: str, recipients: int, bulk: bool) -> Admission:
        """Decide whether a message may be sent now. If so, it counts from now on.

        Asked right before every SMTP transaction. Never waits. If the database cannot tell, the mail waits a minute.

        :param sender: address that the mail leaves as
        :param recipients: of the envelope
        :param bulk: part of a mass mailing, which leaves room for others
        """
        try:
            return self._admit(sender, recipients, bulk=bulk)
        except Exception as error:  # noqa: BLE001  (whatever it is: no mail can help it)
            return self._unknown(error)

    def _admit(self, sender: str, recipients: int, *, bulk: bool) -> Admission:
        verdict, target = self._breakers.verdict(sender)
        if verdict is Verdict.WAIT:
            return self._paused(target)
        reservations = self._reservations_of(sender)
        if grant := reservations.take(recipients, bulk=bulk):
            return self._short(grant, recipients)
        if verdict is Verdict.TRIAL and not self._breakers.claim(target):
            reservations.done(reached=False)
            return self._paused(target)
        return Admission(go=True)

    def report(
        self, sender: str, outcome: Outcome | None, diagnosis: Diagnosis | None, *, reply: str = "", stage: str = "",
    ) -> Admission | None:
        """Tell what became of a message that was admitted.

        :param outcome: of the transaction, None if there was none: the server was not reached, or there was no recipient
        :param diagnosis: why the message was not taken, None if it was
        :param reply: what the server said, if there is no outcome
        :param stage: at what of a session, as :data:`.causes.STAGES` names it
        :return: None if the diagnosis says what becomes of the mail; if a pause does, that it waits and how long. What came up before
            MAIL and does not pass by itself always is a pause
        """
        try:
            self._reservations_of(sender).done(reached=outcome is not None)
            if diagnosis and not diagnosis.retryable:
                target = self._breakers.failed(sender, diagnosis.cause, outcome.reply if outcome else reply, stage)
                return None if target is None else self._paused(target)
            if outcome and not diagnosis:
                self._breakers.succeeded(sender)
            else:
                self._breakers.release()
        except Exception as error:  # noqa: BLE001  (what became of the mail itself has to be kept all the same)
            unknown = self._unknown(error)
            return unknown if diagnosis and not diagnosis.retryable and stage in SESSION else None
        return None

    def note(self, delivery: dict) -> None:
        """Keep a row of ``office365.delivery``, which is written with others."""
        self._deliveries.append(delivery)
        if len(self._deliveries) >= _ROWS or monotonic() - self._written_at > _WAITS:
            self._write_deliveries()

    def _write_deliveries(self) -> None:
        rows, self._deliveries, self._written_at = self._deliveries, [], monotonic()
        try:
            if rows:
                self.server.env["office365.delivery"]._keep(rows)
        except Exception:  # rows of a list, while what became of the mails has to be kept
            _logger.exception("ir.mail_server %s: %s deliveries are not written down.", self.server.id, len(rows))

    def close(self) -> None:
        """Write down the remaining deliveries and give back unused reservations. Never raises, because sent mail has to stay recorded."""
        self._write_deliveries()
        for give_back in (self._breakers.release, *(reservations.close for reservations in self._reservations.values())):
            try:
                give_back()
            except Exception as error:  # noqa: BLE001
                _logger.warning("ir.mail_server %s: what was reserved is held for some minutes: %s", self.server.id, error)

    def _reservations_of(self, sender: str) -> Reservations:
        key = self._keys.get(sender)
        if key is None:
            key = self._keys[sender] = self.server._office365_quota_key(sender)
        if key not in self._reservations:
            self._reservations[key] = Reservations(self.server.env["office365.quota"], key, self.server._office365_limits(key))
        return self._reservations[key]

    def _unknown(self, error: Exception) -> Admission:
        name = f"ir.mail_server {self.server.id}"  # its fields may be what cannot be read
        known = isinstance(error, psycopg2.Error)
        _logger.log(
            logging.WARNING if known else logging.ERROR, "%s: pauses and quotas cannot be read or written, mail waits a minute: %s",
            name, error, exc_info=None if known else error)
        return Admission(
            go=False, retry_at=fields.Datetime.now() + datetime.timedelta(minutes=1), cause="server_busy",
            reason=self.server.env._("Odoo cannot read its quotas and pauses from the database. The mail waits a minute."), is_failure=True)

    def _paused(self, target: str) -> Admission:
        """Return that mail is on hold because the server or an address is refused, with the words of the refusal."""
        env, (retry_at, state) = self.server.env, self._breakers.refusal(target)
        reason = env._(
            "Exchange is refusing %(name)s. Its mail is on hold: %(reply)s",
            name=target or self.server.display_name, reply=state.reply or state.cause)
        remedy = self.server._office365_remedy_text(diagnose(state.reply), target)
        return Admission(
            go=False, retry_at=retry_at, cause=state.cause, reason=reason if remedy in reason else f"{reason}\n{remedy}", is_failure=True)

    def _short(self, grant: Grant, recipients: int) -> Admission:
        env, name = self.server.env, self.server.display_name
        if grant.retry_at is None:
            return self._wait(None, grant.cause, env._(
                "%(server)s: the mail has %(recipients)s recipients, more than the server may send to in a whole day. Send it to fewer, "
                "or raise the limit Recipients a Day if the mailbox is allowed more.", server=name, recipients=recipients))
        if grant.cause == "daily_recipient_limit":
            reason = env._("%s: the limit of recipients in 24 hours is reached. The mail waits for its turn.", name)
        else:
            reason = env._("%s: the limit of messages a minute is reached. The mail waits for its turn.", name)
        return self._wait(_naive(grant.retry_at), grant.cause, reason)

    @staticmethod
    def _wait(retry_at: datetime.datetime | None, cause: str, reason: str) -> Admission:
        return Admission(go=False, retry_at=retry_at, cause=cause, reason=reason)


class IrMail_Server(models.Model):
    """Who asks whether a mail may go."""

    _inherit = "ir.mail_server"

    def _office365_governor(self) -> Governor:
        """Return the governor of this server: one object for a run of the queue.

        Outside a run, the caller calls :meth:`Governor.close` at the end; a run does so itself.
        """
        self.ensure_one()
        run = Sending.of(self.env.context).run
        if run is None:
            return Governor(self.sudo())
        if self.id not in run.governors:
            run.governors[self.id] = Governor(self.sudo())
        governor = run.governors[self.id]
        governor.server = self.sudo()
        return governor

    def _office365_note(self, delivery: dict) -> None:
        """Write down a delivery: at once, or with others of the run."""
        governor = self._office365_governor()
        governor.note(delivery)
        if Sending.of(self.env.context).run is None:
            governor.close()


def _naive(seconds: float) -> datetime.datetime:
    """Return a time as Odoo stores it (UTC, whole seconds), not before the given one."""
    return datetime.datetime.fromtimestamp(-(-seconds // 1), datetime.timezone.utc).replace(tzinfo=None)
