import logging

import psycopg2

from odoo import api, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ..tools.queue_run import NotSent, QueueRun, Refusal, Unreachable, raised_from, refused_recipients
from ..tools.retry import holds_others
from ..tools.smtp import Outcome, SmtpSession

_logger = logging.getLogger(__name__)


class IrMail_Server(models.Model):
    """What our servers answer in a run of the queue goes into the run; nobody else notices."""

    _inherit = "ir.mail_server"

    def _connect__(self, *args, smtp_from=None, mail_server_id=None, **kwargs):  # noqa: PLW3201
        """In a run, a server of ours that can't be reached is no error: it is tried once, and its mails wait."""
        run = QueueRun.of(self.env.context)
        server = self.sudo().browse(mail_server_id or ())
        if run is None or not server.office365_preset:
            return super()._connect__(*args, smtp_from=smtp_from, mail_server_id=mail_server_id, **kwargs)
        who = server.id, server._office365_login_for(smtp_from)
        if who not in run.down:
            try:
                return super()._connect__(*args, smtp_from=smtp_from, mail_server_id=mail_server_id, **kwargs)
            except (psycopg2.Error, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001  (whatever it is, diagnose() says what becomes of the mails)
                run.down[who] = error
        return Unreachable(run.down[who])

    @api.model
    def send_email(self, message, mail_server_id=None, *args, smtp_session=None, **kwargs):
        run = QueueRun.of(self.env.context)
        part = run and run.part_of(self.env.context.get("send_validated_to"))
        if part is None or not isinstance(smtp_session, SmtpSession):
            return super().send_email(message, mail_server_id, *args, smtp_session=smtp_session, **kwargs)
        if run.attempt.stopped:
            raise NotSent(self.NO_VALID_RECIPIENT)
        try:
            return super().send_email(message, mail_server_id, *args, smtp_session=smtp_session, **kwargs)
        except AssertionError as error:
            part.ended = str(error) == self.NO_VALID_RECIPIENT
            raise
        except MemoryError:
            raise
        except Exception as error:
            # Core wraps what goes wrong during the transaction, a dead cursor included, and that is no refusal.
            if of_database := raised_from(error, psycopg2.Error):
                raise of_database from error
            if part.taken:
                _logger.exception("A message was taken, but not everything that follows could be done.")
                return message["Message-Id"]
            of_server = error.__context__ if isinstance(error, MailDeliveryException) and error.__context__ else error
            refusal = Refusal.of(of_server)
            part.fail(refusal, refused_recipients(error))
            run.attempt.stopped = holds_others(refusal.diagnosis.cause, attempts=1)
            raise NotSent(self.NO_VALID_RECIPIENT) from error

    def _office365_recorder(self, identity, written_as):
        """Tell the run first: it has to know that a message was taken even if writing that down fails."""
        run, record = QueueRun.of(self.env.context), super()._office365_recorder(identity, written_as)
        part = run and run.part_of(self.env.context.get("send_validated_to"))

        def note_and_record(message, outcome: Outcome) -> None:
            if outcome.taken:
                part.end(outcome)
            record(message, outcome)

        return note_and_record if part else record
