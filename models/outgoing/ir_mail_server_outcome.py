import logging

import psycopg2
from odoo import SUPERUSER_ID, models

from ...tools.identity.sender import SenderIdentity
from ...tools.sending import Sending
from ...tools.transport import Outcome

_logger = logging.getLogger(__name__)


class IrMail_Server(models.Model):
    """What happens when a server has answered: the run or the quota is told, and the delivery is written down."""

    _inherit = "ir.mail_server"

    def _office365_recorder(self, identity: SenderIdentity, written_as: str):
        """Return the callback for the outcome of the next message."""
        run, record = Sending.of(self.env.context).run, self._office365_delivery_recorder(identity, written_as)
        part = run and run.part

        def note_and_record(message, outcome: Outcome) -> None:
            # The run first: it has to know that a message was taken even if writing that down fails.
            part.outcome = outcome
            if outcome.taken:
                part.end(outcome)
                self._office365_governor().report(part.sender, outcome, None)
            try:
                record(message, outcome)
            except psycopg2.Error:
                raise
            except Exception:  # it would hide what the server said
                _logger.exception("A delivery could not be written down.")

        def count_and_record(message, outcome: Outcome) -> None:
            # Mail that somebody waits for, tests, probes, messages of other modules: never refused here, but Exchange counts them,
            # so the queue must know.
            self._office365_count(identity.login, outcome)
            record(message, outcome)

        return note_and_record if part else count_and_record

    def _office365_delivery_recorder(self, identity: SenderIdentity, written_as: str):
        """Return the callback that writes the delivery down."""
        actor = self._office365_act().actor

        def record(message, outcome: Outcome) -> None:
            self.env["office365.delivery"].sudo()._record(
                self, outcome, message, message=self._office365_mail().mail_message_id, written_as=written_as, login=identity.login,
                reason=identity.reason,
                actor=SUPERUSER_ID if actor.is_odoo else actor.user_id,
            )

        return record
