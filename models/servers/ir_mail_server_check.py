import dataclasses

from odoo import models
from odoo.exceptions import UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, SmtpSignInRefused, words_of
from ...tools.identity.preview import Writer
from ...tools.identity.sender_book import SenderBook
from ...tools.servers.stages import PATIENCE, Note


class IrMail_Server(models.Model):
    """Test Connection."""

    _inherit = "ir.mail_server"

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
        stages = []

        def note_stage(*stage) -> None:
            stages.append(stage)

        try:
            self._office365_send_test(note_stage)
        except (OSError, UnicodeError, UserError) as error:
            if not stages and isinstance(error, UserError):
                raise  # nothing was tried: a setting is wrong
            failure = UserError(self._office365_test_failure(stages, error))
            failure.stages = stages  # for those who show them one by one
            raise failure from error
        return stages

    def _office365_send_test(self, note: Note, email_to: str | None = None) -> str:
        """Send a test mail; return the From that it left with.

        :param email_to: whoever is to get it, from the user, as mail of theirs goes; None: the mailbox writes to itself
        :raise Exception: a stage failed
        """
        server = self
        if email_to:
            writer, book = self._office365_test_writer()
            server, email_from = self._office365_writing_as(writer, book).browse(self.id), writer.email_from
            _server, smtp_from = server._find_mail_server(email_from, server)
            headers = {"Auto-Submitted": "auto-generated"}  # RFC 3834
        else:
            email_from = smtp_from = self._get_test_email_from()
            headers = self.env["office365.probe"]._headers()
        session = server._office365_open_session(smtp_from, on_stage=note, patience=PATIENCE)
        try:
            message = server._build_email__(
                email_from, [email_to or self._get_test_email_to()], self.env._("Connection test of %s", self.name),
                self.env._("Odoo is testing whether it can send mail. You can delete this email."), headers=headers)
            envelope_from, recipients, message = server._prepare_email_message__(message, session)
            session.begin(dataclasses.replace(session.observer, on_stage=note))
            session.send_message(message, envelope_from, recipients)
            return str(message["From"])
        finally:
            session.quit()

    def _office365_test_writer(self) -> tuple[Writer, SenderBook]:
        """Return the user as a writer, with what is known of them."""
        Senders = self.env["office365.sender"].sudo()
        writer = Senders._writer("user", self.env.user)
        return writer, Senders._book([writer])

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
