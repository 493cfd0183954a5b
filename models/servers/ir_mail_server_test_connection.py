import time

from odoo import models
from odoo.exceptions import UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, SmtpSignInRefused
from ...tools.servers.stages import PATIENCE
from ...tools.smtp import wire


class IrMail_Server(models.Model):
    """The dialog that tests an outgoing server: with a mail to the mailbox itself, or to an address of one's choice."""

    _inherit = "ir.mail_server"

    def action_office365_test_mail(self):
        """Open the dialog that asks whom to send a test email, and sends it."""
        self.ensure_one().check_access("write")
        self._office365_check_active()
        if not self.env.user.email_normalized:
            raise UserError(self.env._("Your user has no email address to send from. Enter one in your preferences."))
        return self._office365_test_action(
            self.env._("Test Email: %s", self.display_name), asks_recipient=True, email_to=self.env.user.email_normalized)

    def _office365_test_parts(self):
        signs_in = {"sign_in": ("sign_in",)} if self._office365_mailbox() else {}
        return {
            "resolve": ("resolve",), "connect": ("connect", "tls"), **signs_in, "send": ("sender", "recipients", "content")}

    def _office365_run_part(self, part, note, email_to):
        if part == "resolve":
            begun = time.monotonic()
            addresses = wire.resolve(self.smtp_host, self.smtp_port, PATIENCE)
            note("resolve", time.monotonic() - begun, ", ".join(dict.fromkeys(address[4][0] for address in addresses)))
            return None
        if part != "send":
            self._office365_open_session(
                self._get_test_email_from(), on_stage=note, patience=PATIENCE, signs_in=part == "sign_in").quit()
            return None
        if email_to is None:
            self._office365_send_test(note)
            return self.env._(
                "The server accepted an email that Odoo sent to %s. Odoo ignores it when it fetches mail.", self._get_test_email_to())
        sent_from = self._office365_send_test(note, email_to)
        return self.env._(
            "The server accepted the test email to %(address)s. It was sent from %(sender)s.", address=email_to, sender=sent_from)

    def _office365_test_values(self, email_to):
        values = super()._office365_test_values(email_to)
        if email_to:
            values["address"] = self._office365_preview(*self._office365_test_writer(), self).address
        return values

    def _office365_tells_remedy(self, error):
        return isinstance(error, (CertificateRefused, SmtpSignInRefused)) or super()._office365_tells_remedy(error)

    def _office365_diagnosis_of(self, error):
        return diagnose(error, protocol="smtp")
