import logging

import psycopg2
from odoo import api, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tools import email_normalize

from ..tools.addresses import ascii_address
from ..tools.attempt import Hold
from ..tools.queue_run import NoSession, NotSent, QueueRun, Settled
from ..tools.refusal import Refusal, chain, raised_from, refused_recipients
from ..tools.retry import holds_others
from ..tools.session_pool import CONTEXT_KEY as POOL_KEY
from ..tools.smtp import Outcome, SmtpSession

_logger = logging.getLogger(__name__)


class IrMail_Server(models.Model):
    """What our servers answer in a run of the queue goes into the run; nobody else notices."""

    _inherit = "ir.mail_server"

    def _connect__(self, *args, smtp_from=None, mail_server_id=None, **kwargs):  # noqa: PLW3201
        """In a run, a server of ours is asked only if its mail may go; if it can't be reached, that ends no mail: it waits."""
        run = QueueRun.of(self.env.context)
        server = self.sudo().browse(mail_server_id or ())
        if run is None or run.attempt or not server.office365_preset:  # within a mail: for a message that is another module's
            return super()._connect__(*args, smtp_from=smtp_from, mail_server_id=mail_server_id, **kwargs)
        try:
            if not self._office365_is_in_use(run, server):
                if run.lookahead:
                    run.lookahead.drain()
                if run.line in run.holds or not server._office365_admitted(run, run.sender, 1):
                    return NoSession()
            return super()._connect__(*args, smtp_from=smtp_from, mail_server_id=mail_server_id, **kwargs)
        except Exception as error:  # noqa: BLE001  (whatever it is, core would fail all mails, and it is about none of them)
            run.admitted = None
            return NoSession(error)

    def _office365_is_in_use(self, run: QueueRun, server) -> bool:
        """Tell whether mail is sent through a server just now: then there is a session, and each mail asks when its turn comes."""
        return bool(run.lookahead and run.lookahead.is_busy and self.env.context[POOL_KEY].has(server.id))

    def _office365_admitted(self, run: QueueRun, sender: str, recipients: int) -> bool:
        """Ask the governor whether a message may go. If it may not, the line waits, or the part has failed."""
        admission = self._office365_governor().admit(sender, recipients, run.bulk)
        if admission.go:
            run.admitted = sender
        elif admission.retry_at:
            run.hold(Hold(admission.retry_at, admission.cause, admission.reason, spaced=True, is_failure=admission.is_failure))
        else:
            run.part.fail(Refusal.final(admission.cause, admission.reason), {})
        return admission.go

    @api.model
    def send_email(self, message, mail_server_id=None, *args, smtp_session=None, **kwargs):
        run = QueueRun.of(self.env.context)
        # Core brings the session; a module that sends a message of its own meanwhile does not.
        part = run and isinstance(smtp_session, SmtpSession) and run.begin_part(self.env.context.get("send_validated_to"))
        if not part:
            return super().send_email(message, mail_server_id, *args, smtp_session=smtp_session, **kwargs)
        attempt, message_id = run.attempt, message["Message-Id"]
        try:
            super().send_email(message, mail_server_id, *args, smtp_session=smtp_session, **kwargs)
        except NotSent:
            message_id = None
        except AssertionError as error:
            part.ended = str(error) == self.NO_VALID_RECIPIENT
            if not part.ended or not attempt.is_over or attempt.is_cores:
                raise
        except MemoryError:
            raise
        except Exception as error:
            # Core wraps what goes wrong during the transaction, a dead cursor included, and that is no refusal.
            if of_database := raised_from(error, psycopg2.Error):
                raise of_database from error
            if part.taken:
                _logger.exception("A message was taken, but not everything that follows could be done.")
            else:
                message_id = self._office365_note_failure(run, smtp_session, error)
        finally:
            run.part = None
        if attempt.is_over and not attempt.is_cores:
            raise Settled
        if not message_id:
            raise NotSent(self.NO_VALID_RECIPIENT)
        return message_id

    @api.model
    def _office365_note_failure(self, run: QueueRun, session: SmtpSession, error: Exception) -> None:
        """Note in the run why the server did not take a message."""
        of_server = (error.__cause__ or error.__context__ or error) if isinstance(error, MailDeliveryException) else error
        part, attempt, server = run.part, run.attempt, self.sudo().browse(session.mail_server_id)
        opening = any(session.was_not_opened_by(each) for each in chain(error))
        refusal = Refusal.of(of_server, opening=opening)
        attempt.unreachable = opening or session.failure is not None
        if opening and part.sender is None:  # while it was prepared: another mailbox has to sign in for it
            run.release(server)
            part.sender = run.sender
        if part.sender is not None:
            governor, diagnosis = server._office365_governor(), refusal.diagnosis
            outcome = None if opening else part.outcome
            if pause := governor.report(part.sender, outcome, diagnosis, reply=refusal.words, stage=refusal.stage):
                run.hold(Hold(pause.retry_at, pause.cause, pause.reason, is_failure=True))
                attempt.refusal = None if opening else refusal
                return
        part.fail(refusal, refused_recipients(error))
        attempt.stopped = holds_others(refusal.diagnosis.cause, attempts=1, unreachable=attempt.unreachable)

    def _prepare_email_message__(self, message, smtp_session):  # noqa: PLW3201
        """In a run, ask whether the message may go now, as soon as it is known what it leaves as and to how many."""
        prepared = super()._prepare_email_message__(message, smtp_session)
        run = QueueRun.of(self.env.context)
        if run and run.part and isinstance(smtp_session, SmtpSession):
            _smtp_from, smtp_to_list, message = prepared
            server = self.sudo().browse(smtp_session.mail_server_id)
            sender = email_normalize(str(message["From"] or "")) or ""
            if run.admitted != sender or len(smtp_to_list) != 1:
                run.release(server)
                if not server._office365_admitted(run, sender, len(smtp_to_list)):
                    raise NotSent(self.NO_VALID_RECIPIENT)
            run.part.sender, run.admitted = run.admitted, None
        return prepared

    def _prepare_smtp_to_list(self, message, smtp_session):
        """Let through whom core has validated in the form that it compares: it writes domains in ASCII here, and in Unicode there."""
        validated = self.env.context.get("send_validated_to")
        if validated and isinstance(smtp_session, SmtpSession):
            self = self.with_context(send_validated_to=[*validated, *map(ascii_address, validated)])
        return super()._prepare_smtp_to_list(message, smtp_session)

    def _office365_smtp_from(self, session):
        """In a run, another mail may have the session, and another From."""
        run = QueueRun.of(self.env.context)
        return run.smtp_from if run and run.part else super()._office365_smtp_from(session)

    def _office365_begin(self, session, smtp_from):
        """In a run, wait for the turn."""
        run = QueueRun.of(self.env.context)
        if run and run.attempt:  # also for a message that is no part of the mail: the session is used by one at a time
            turn = run.take_turn(session)
            session.on_sent = turn and turn.pass_on
        if run and run.part:
            self._office365_lend(session, smtp_from)
            session.cautious = run.known[run.attempt.mail_id].doubted
        return super()._office365_begin(session, smtp_from)

    def _office365_recorder(self, identity, written_as):
        """Tell the run first: it has to know that a message was taken even if writing that down fails."""
        run, record = QueueRun.of(self.env.context), super()._office365_recorder(identity, written_as)
        part = run and run.part

        def note_and_record(message, outcome: Outcome) -> None:
            part.outcome = outcome
            if outcome.taken:
                part.end(outcome)
                self._office365_governor().report(part.sender, outcome, None)
            try:
                record(message, outcome)
            except psycopg2.Error:
                raise
            except Exception:  # it would stand in for what the server said
                _logger.exception("A delivery could not be written down.")

        return note_and_record if part else record
