import json
from collections.abc import Iterable, Mapping

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.outgoing import log

# Of the line, beside what its recipients say together.
_COLUMNS = ("mail_server_id", "user_id", "company_id", "email_from", "subject", "kind")


class Office365Email(models.Model):
    """How lines of the log are written: by one statement for many messages, in a transaction that writes nothing else of the mail's."""

    _inherit = "office365.email"

    @api.model
    def _tell(self, notes: Iterable[log.Note]) -> dict[str, int]:
        """Write down what is noted of messages; return the ids of their lines by Message-Id.

        A recipient of whom nothing is noted keeps what was known; the line says what its recipients say together. Whose it is, it says
        once: whoever posts a message may choose its Message-Id, and with somebody else's the line would become that of their company.
        """
        if not (notes := log.merged(notes)):
            return {}
        lines = [{
            "message_id": note.message_id, "date": fields.Datetime.to_string(note.date),
            **{name: note.values.get(name) or None for name in _COLUMNS}, **_said(log.worst(note.recipients.values())),
        } for note in notes]
        told = [
            {"message_id": note.message_id, "address": address, **_said(each)}
            for note in notes for address, each in note.recipients.items()]
        rows = self.env.execute_query(SQL(
            """
            WITH told AS (
                SELECT * FROM jsonb_to_recordset(%(told)s)
                    AS t(message_id text, address text, state text, cause text, reply text)
            ), line AS (
                INSERT INTO office365_email AS email (
                    message_id, date, since, mail_server_id, user_id, company_id, email_from, subject, kind, state, cause, reply)
                SELECT message_id, date, date, mail_server_id, user_id, company_id, email_from, subject, kind, state, cause, reply
                  FROM jsonb_to_recordset(%(lines)s) AS n(
                    message_id text, date timestamp, mail_server_id int, user_id int, company_id int, email_from text, subject text,
                    kind text, state text, cause text, reply text)
                ON CONFLICT (message_id) DO UPDATE SET
                    date = EXCLUDED.date,
                    mail_server_id = COALESCE(EXCLUDED.mail_server_id, email.mail_server_id),
                    user_id = COALESCE(email.user_id, EXCLUDED.user_id),
                    company_id = COALESCE(email.company_id, EXCLUDED.company_id),
                    email_from = COALESCE(EXCLUDED.email_from, email.email_from),
                    subject = COALESCE(EXCLUDED.subject, email.subject),
                    kind = COALESCE(EXCLUDED.kind, email.kind),
                    (state, cause, reply) = (
                        SELECT state, cause, reply FROM (
                            SELECT state, cause, reply FROM told WHERE told.message_id = email.message_id
                            UNION ALL
                            SELECT state, cause, reply FROM office365_email_recipient known
                             WHERE known.email_id = email.id AND NOT EXISTS (
                                SELECT FROM told WHERE told.message_id = email.message_id AND told.address = known.address)
                        ) each ORDER BY array_position(%(order)s, state) LIMIT 1)
                RETURNING id, message_id
            ), recipient AS (
                INSERT INTO office365_email_recipient (email_id, address, state, cause, reply)
                SELECT line.id, told.address, told.state, told.cause, told.reply FROM told JOIN line USING (message_id)
                ON CONFLICT (email_id, address) DO UPDATE SET
                    state = EXCLUDED.state, cause = EXCLUDED.cause, reply = EXCLUDED.reply
            )
            SELECT message_id, id FROM line
            """, told=json.dumps(told), lines=json.dumps(lines), order=list(log.ORDER)))
        self.invalidate_model()
        self.env["office365.email.recipient"].invalidate_model()
        return dict(rows)

    @api.model
    def _tell_of_recipients(self, message_id: str, told: Mapping[str, log.Told]) -> None:
        """Write down what was heard of recipients of a message that is in the log."""
        recipients = self.env["office365.email.recipient"].search(
            [("email_id.message_id", "=", message_id), ("address", "in", list(told))])
        for recipient in recipients:
            recipient.write(_said(told[recipient.address]))
        for email in recipients.email_id:
            email.write(_said(log.worst([log.Told(each.state, each.cause, each.reply) for each in email.recipient_ids])))


def _said(told: log.Told) -> dict[str, str | None]:
    return {"state": told.state, "cause": told.cause or None, "reply": told.reply or None}
