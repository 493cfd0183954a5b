import dataclasses

from odoo import models
from odoo.exceptions import UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, SmtpSignInRefused, words_of


class IrMail_Server(models.Model):
    """Test Connection."""

    _inherit = "ir.mail_server"

    def _office365_check_active(self) -> None:
        """
        :raise UserError: one of these servers is archived
        """
        for server in self:
            if not server.active:
                raise UserError(self.env._(
                    "The server “%s” is archived. Unarchive it (Actions > Unarchive) before you test it.",
                    server.display_name,
                ))

    def _office365_tests(self):
        """Test these servers; return what is shown of it, one record a server.

        :raise UserError: a stage failed
        """
        tests = self.env["office365.connection.check"].browse()
        for server in self:
            tests += tests._of(server, server._office365_test())
        return tests

    def _office365_test_recipient(self) -> str | None:
        """Return who gets the test mail, None if the database has no address for that."""
        company = self.env.company
        return self._office365_mailbox() or company.catchall_email or company.bounce_email or self._office365_notifications()

    def _office365_test(self) -> list[tuple[str, float, str]]:
        """Send a mail to the mailbox itself; return name, seconds and detail of each stage.

        :raise UserError: a stage failed; the text tells which ones were passed, what the server said, and what to do
        """
        self.ensure_one()
        email_from, email_to = self._get_test_email_from(), self._get_test_email_to()
        stages, session = [], None

        def note_stage(*stage) -> None:
            stages.append(stage)

        try:
            session = self._office365_open_session(email_from, on_stage=note_stage)
            message = self._build_email__(
                email_from, [email_to], self.env._("Connection test of %s", self.name),
                self.env._("Odoo is testing whether it can send mail. You can delete this email."),
                headers=self.env["office365.probe"]._headers())
            envelope_from, recipients, message = self._prepare_email_message__(message, session)
            session.begin(dataclasses.replace(session.observer, on_stage=note_stage))
            session.send_message(message, envelope_from, recipients)
        except (OSError, UnicodeError, UserError) as error:
            if not stages and isinstance(error, UserError):
                raise  # nothing was tried: a setting is wrong
            raise UserError(self._office365_test_failure(stages, error)) from error
        finally:
            if session:
                session.quit()
        return stages

    def _office365_test_failure(self, stages: list[tuple[str, float, str]], error: Exception) -> str:
        """Return what an administrator reads: the stages that were passed, the one that failed, the words, cause and remedy."""
        labels = self.env["office365.connection.check.stage"]._labels()
        passed = [name for name, _seconds, _detail in stages]
        failed = next(
            name for name in labels if name not in passed and (name != "sign_in" or self._office365_mailbox()))
        lines = [
            self.env._("%(server)s: failed at “%(stage)s”.", server=self.display_name, stage=labels[failed]),
            "",
            *(self.env._("✓ %(stage)s (%(seconds).2f s): %(detail)s", stage=labels[name], seconds=seconds, detail=detail)
              for name, seconds, detail in stages),
        ]
        diagnosis = diagnose(error, protocol="smtp")
        if isinstance(error, (CertificateRefused, SmtpSignInRefused, UserError)):  # they tell what to do
            lines.append(f"✗ {labels[failed]}: {error}")
        else:
            remedy = self._office365_remedy_text(diagnosis, self._get_test_email_from() or "")
            lines += [f"✗ {labels[failed]}: {words_of(error)}", "", remedy]
        return "\n".join([*lines, "", self.env._("Cause: %s", diagnosis.cause)])
