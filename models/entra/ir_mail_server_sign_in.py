from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...const import OUTGOING_PRESETS
from ...tools.addresses import ascii_address
from ...tools.entra.xoauth2 import sasl_string
from ...tools.smtp.connection import SmtpConnection
from ...tools.smtp.sign_in import refusal_explained


class IrMail_Server(models.Model):
    """Who signs in at an outgoing server, and with what."""

    _inherit = "ir.mail_server"

    smtp_authentication = fields.Selection(
        selection_add=[("office365", "Microsoft Entra ID")], ondelete={"office365": "set default"})

    @api.depends("smtp_authentication")
    def _compute_office365_sign_in_by(self):
        for server in self:
            server.office365_sign_in_by = "office365" if server.smtp_authentication == "office365" else "login"

    @api.onchange("office365_sign_in_by")
    def _inverse_office365_sign_in_by(self):
        for server in self:
            if not server.office365_preset or not OUTGOING_PRESETS[server.office365_preset].signs_in:
                continue
            server.smtp_authentication = server.office365_sign_in_by or "login"
            if server.smtp_authentication == "office365":
                server.smtp_pass = False
                server.office365_app_id = server.office365_app_id or server._office365_app_for(server.office365_cloud)

    # ------------------------------------------------------------
    # Values
    # ------------------------------------------------------------

    def _office365_sign_in_filled(self, vals, filled):
        """Keep the sign-in by token where the preset would fill in a password's, and choose it for an app that the call names."""
        if "office365_preset" in vals and not vals["office365_preset"] and self.smtp_authentication == "office365":
            return {"smtp_authentication": "login", "office365_app_id": False, **filled}
        keeps = self.smtp_authentication == "office365" and "office365_preset" not in vals
        signs_in = OUTGOING_PRESETS.get(filled.get("office365_preset") or self.office365_preset)
        if signs_in and signs_in.signs_in and "smtp_authentication" not in vals and (keeps or vals.get("office365_app_id")):
            filled["smtp_authentication"] = "office365"
        return filled

    def _office365_choose_sign_in(self):
        if not self.office365_preset or not OUTGOING_PRESETS[self.office365_preset].signs_in:
            self.office365_app_id = False
            if self.smtp_authentication == "office365":
                self.smtp_authentication = "login"
        elif not self.smtp_pass:
            self.office365_app_id, self.smtp_authentication = self._office365_app_for(self.office365_cloud), "office365"

    @api.onchange("smtp_authentication")
    def _onchange_smtp_authentication_office365(self):
        """Make it one of our servers, the only ones that can sign in like this."""
        if self.smtp_authentication == "office365" and not self.office365_preset:
            self.office365_preset = "submission"
            self._onchange_office365_preset()
            self.smtp_authentication = "office365"

    @api.constrains("smtp_authentication", "office365_preset")
    def _check_office365_authentication(self):
        for server in self:
            if server.smtp_authentication == "office365" and not server.office365_preset:
                raise ValidationError(self.env._(
                    "%s: only an Office 365 server signs in with Microsoft Entra ID. Choose Client submission in the field Office 365, or "
                    "another way to authenticate.", server.display_name))

    def _office365_signs_in_by_token(self):
        return self.smtp_authentication == "office365"

    def _office365_user(self):
        return self.smtp_user or ""

    def _office365_has_password(self):
        return bool(self.smtp_pass)

    # ------------------------------------------------------------
    # Signing in
    # ------------------------------------------------------------

    def _office365_token_protocol(self) -> str:
        """Return what a token is asked for: High Volume Email takes none for client submission."""
        return "hve" if self.office365_preset == "hve" else "smtp"

    def _office365_sign_in(self, session: SmtpConnection, mailbox: str) -> None:
        """Sign a mailbox in.

        :raise SmtpSignInRefused: the server refuses
        """
        def explain(error: Exception, reply: str) -> str:
            return self._office365_refusal_text(self.smtp_host, mailbox, error, reply)

        with refusal_explained(explain):
            if self._office365_signs_in_by_token():
                # SMTP knows no delegates: users sign in as themselves, and send as the mailbox.
                user = ascii_address(self._office365_account(mailbox) or mailbox)
                self._office365_with_token(
                    self._office365_token_protocol(), mailbox, lambda token: _authenticate(session, user, token), session.time_left)
            else:
                self._smtp_login__(session, ascii_address(mailbox), self.smtp_pass or "")


def _authenticate(session: SmtpConnection, user: str, token: str) -> None:
    """Say AUTH XOAUTH2, and read the answer.

    :raise smtplib.SMTPAuthenticationError: the server refuses
    """
    session.ehlo_or_helo_if_needed()
    session.auth("XOAUTH2", lambda challenge=None: sasl_string(user, token) if challenge is None else "")
