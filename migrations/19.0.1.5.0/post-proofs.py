"""What Exchange took, or refused, in the last weeks shows what the mailbox may send as: Odoo's own mail keeps its From."""

from odoo import SUPERUSER_ID
from odoo.api import Environment


def migrate(cr, _version):
    cr.execute("""
        SELECT DISTINCT ON (mail_server_id, lower(email_from)) mail_server_id, email_from, login, cause, reply
          FROM office365_delivery
         WHERE mail_server_id IS NOT NULL AND email_from IS NOT NULL AND (state = 'sent' OR cause = 'send_as_denied')
      ORDER BY mail_server_id, lower(email_from), id DESC
    """)
    Environment(cr, SUPERUSER_ID, {})["office365.probe"]._learn_from(cr.dictfetchall())
