import logging
from collections.abc import Callable

import psycopg2
from odoo import api, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ...tools.identity.sender import SenderIdentity
from ...tools.outgoing.attempt import Deferral
from ...tools.outgoing.queue_run import EndWithoutVerdict, NextPart, QueueRun
from ...tools.outgoing.refusal import Refusal, chain, raised_from, refused_recipients
from ...tools.outgoing.retry import holds_others
from ...tools.sending import Sending
from ...tools.transport import NotOpened, Transport

_logger = logging.getLogger(__name__)


class IrMail_Server(models.Model):
    """Notes the answers of Office 365 servers in the run of the queue, where nobody else notices them."""

    _inherit = "ir.mail_server"

    # ------------------------------------------------------------
    # Session
    # ------------------------------------------------------------

    def _office365_connect_in_run(self, run: QueueRun, server, connect: Callable[[], Transport]) -> Transport:
        """Connect to an Office 365 server only if its mail may be sent. If it cannot be reached, no mail fails: all of it waits."""
        try:
            if not self._office365_is_in_use(run, server):
                if run.lookahead:
                    run.lookahead.drain()
                if run.stream in run.deferrals or not server._office365_admitted(run, run.sender, 1):
                    return NotOpened(None, server.id)
            return connect()
        except Exception as error:  # noqa: BLE001  (whatever it is, core would fail all mails, and it is about none of them)
            run.admitted = None
            return NotOpened(error, server.id)

    def _office365_is_in_use(self, run: QueueRun, server) -> bool:
        """Tell whether mail is being sent through a server: then a transport is open, and each mail asks for permission at its turn."""
        return bool(run.lookahead and run.lookahead.is_busy and self._office365_pool().has(server.id))

    def _office365_admitted(self, run: QueueRun, sender: str, recipients: int) -> bool:
        """Ask the governor whether a message may be sent. If not, the stream waits or the part has failed."""
        admission = self._office365_governor().admit(sender, recipients, run.bulk)
        if admission.go:
            run.admitted = sender
        elif admission.retry_at:
            run.defer(Deferral(admission.retry_at, admission.cause, admission.reason, spaced=True, is_failure=admission.is_failure))
        else:
            run.part.fail(Refusal.final(admission.cause, admission.reason), {})
        return admission.go

    # ------------------------------------------------------------
    # Message
    # ------------------------------------------------------------

    @api.model
    def _office365_mail(self):
        """Return the ``mail.mail`` that is being sent, as superuser; empty for a message that belongs to none."""
        sending = Sending.of(self.env.context)
        run = sending.run
        mail_id = run and run.part and run.attempt.mail_id
        # By this key, core names the recipients. What another module sends in between is not this mail and has none of its rights.
        if not run and "send_validated_to" in self.env.context:
            mail_id = sending.mail_id
        return self.env["mail.mail"].sudo().browse(mail_id or ())

    def _office365_chosen_for(self, transport: Transport) -> str | None:
        """Return the From for which core chose this server. In a run, another mail with another From may be using the transport.
        """
        run = Sending.of(self.env.context).run
        return run.smtp_from if run and run.part else transport.observer.chosen_for

    def _office365_begin(self, transport: Transport, identity: SenderIdentity, chosen_for: str | None, written_as: str) -> None:
        """Give the transport to the message that is being prepared; in a run, when its turn comes."""
        run, turn = Sending.of(self.env.context).run, None
        if run and run.attempt:  # also for a message of another module: only one at a time uses the transport
            turn = run.take_turn(transport)
        part = run and run.part
        if not part and transport.kept_until is None:
            self._office365_rest_on_failure(transport)  # a commit has cleared the callbacks for a rollback
        transport.begin(self._office365_observer(
            chosen_for,
            smtp_from=self._office365_smtp_from(identity, chosen_for),
            cautious=bool(part and run.known[run.attempt.mail_id].doubted),
            on_start=part and part.hand_over,
            on_sent=turn and turn.pass_on,
            on_outcome=self._office365_recorder(identity, written_as),
        ))

    def _office365_ask_to_go(self, sender: str, recipients: int) -> None:
        """In a run, ask whether the message may be sent now, as soon as its sender and number of recipients are known.

        :raise NextPart: it may not
        """
        run = Sending.of(self.env.context).run
        if not run or not run.part:
            return
        if run.admitted != sender or recipients != 1:
            run.release(self)
            if not self._office365_admitted(run, sender, recipients):
                raise NextPart(self.NO_VALID_RECIPIENT)
        run.part.admit(sender)
        run.admitted = None

    @api.model
    def _office365_send_part(self, run: QueueRun, message, transport: Transport, send: Callable[[], str]) -> str:
        """Send the part of a mail for one group of its recipients, and note the server's answer in the run.

        :raise NextPart: it was not sent; core goes on with the next part
        :raise EndWithoutVerdict: it was the last part, and core is not to judge the result
        """
        part, attempt, message_id = run.part, run.attempt, message["Message-Id"]
        try:
            send()
        except NextPart:
            message_id = None
        except AssertionError as error:
            is_invalid = str(error) == self.NO_VALID_RECIPIENT
            if is_invalid and not part.is_answered:
                part.leave_to_core()
            if not is_invalid or not attempt.is_over or attempt.is_cores:
                raise
        except MemoryError:
            raise
        except Exception as error:
            # Core wraps every error of the transaction, even a dead cursor, which is no refusal.
            if of_database := raised_from(error, psycopg2.Error):
                raise of_database from error
            if part.taken:
                _logger.exception("A message was taken, but not everything that follows could be done.")
            else:
                message_id = self._office365_note_failure(run, transport, error)
        finally:
            run.part = None
        if attempt.is_over and not attempt.is_cores:
            raise EndWithoutVerdict
        if not message_id:
            raise NextPart(self.NO_VALID_RECIPIENT)
        return message_id

    @api.model
    def _office365_note_failure(self, run: QueueRun, transport: Transport, error: Exception) -> None:
        """Note in the run why the server did not take a message."""
        of_server = (error.__cause__ or error.__context__ or error) if isinstance(error, MailDeliveryException) else error
        part, attempt, server = run.part, run.attempt, self.sudo().browse(transport.mail_server_id)
        opening = any(transport.was_not_opened_by(each) for each in chain(error))
        refusal = Refusal.of(of_server, opening=opening)
        attempt.unreachable = opening or transport.failure is not None
        if opening and part.sender is None:  # during preparation: another mailbox had to sign in for it
            run.release(server)
            part.admit(run.sender)
        if part.sender is not None:
            governor, diagnosis = server._office365_governor(), refusal.diagnosis
            outcome = None if opening else part.outcome
            if pause := governor.report(part.sender, outcome, diagnosis, reply=refusal.words, stage=refusal.stage):
                run.defer(Deferral(pause.retry_at, pause.cause, pause.reason, is_failure=True))
                attempt.refusal = None if opening else refusal
                part.wait()
                return
        part.fail(refusal, refused_recipients(error))
        attempt.stopped = holds_others(refusal.diagnosis.cause, attempts=1, unreachable=attempt.unreachable)
