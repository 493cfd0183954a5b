from imaplib import IMAP4
from poplib import error_proto

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize

from ...tools.diagnosis.reader import Diagnosis
from ...tools.errors import words_of
from ...tools.servers import remedies
from ...tools.servers.stages import PATIENCE, Note


class Office365ServerMixin(models.AbstractModel):
    """The dialog that tests a server stage by stage.

    Each part of a test is a request of its own that goes one step further than the one before, with a connection of its own: so stages are
    shown as they come, whoever closes the dialog leaves nothing behind, and no worker waits longer than a stage may take.
    """

    _inherit = "office365.server.mixin"

    def action_office365_test(self):
        """Open the dialog that tests the connection."""
        self.ensure_one().check_access("write")
        self._office365_check_active()
        return self._office365_test_action(self.env._("Connection Test: %s", self.display_name))

    def office365_test_part(self, part: str = "", email_to: str | None = None) -> dict:
        """Do one part of a test.

        :param part: one of those that the dialog was given
        :param email_to: who gets the test email; None: as Test Connection has it
        :return: the ``stages`` that were passed (name, seconds, detail); the ``failure`` that ended it or None; and after the last part the
            ``summary``
        :raise UserError: archived, no such part, or not one address
        """
        self.ensure_one().check_access("write")
        self._office365_check_active()
        if part not in self._office365_test_parts():
            raise UserError(self.env._("There is no part “%s” in this test.", part))
        recipient = None if email_to is None else email_normalize(email_to)
        if recipient is False:
            raise UserError(self.env._("“%s” is not one email address. Enter the address of whoever is to get the test email.", email_to))
        stages: list[dict] = []

        def note(name: str, seconds: float, detail: str) -> None:
            stages.append({"name": name, "seconds": round(seconds, 2), "detail": detail})

        try:
            summary = self._office365_run_part(part, note, recipient)
        except AccessError:
            raise
        except (OSError, UnicodeError, UserError, IMAP4.error, error_proto) as error:
            passed = {stage["name"] for stage in stages}
            return {"stages": stages, "failure": self._office365_test_failed(part, passed, error, recipient), "summary": ""}
        return {"stages": stages, "failure": None, "summary": summary or ""}

    # ------------------------------------------------------------
    # What each kind of server answers
    # ------------------------------------------------------------

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

    def _office365_test_parts(self) -> dict[str, tuple[str, ...]]:
        """Return the parts of a test, in their order, each with the stages that it adds to those before."""
        raise NotImplementedError

    def _office365_run_part(self, part: str, note: Note, email_to: str | None) -> str | None:
        """Do one part of a test; return what to say of it if it was the last one.

        :raise Exception: a stage failed
        """
        raise NotImplementedError

    def _office365_diagnosis_of(self, error: Exception) -> Diagnosis:
        """Return what a failure means."""
        raise NotImplementedError

    def _office365_test_values(self, email_to: str | None) -> dict[str, str]:
        """Return what stands for the placeholders of a remedy."""
        return {"mailbox": self._office365_user() or ""}

    # ------------------------------------------------------------
    # What the dialog shows
    # ------------------------------------------------------------

    def _office365_test_action(self, title: str, **more) -> dict:
        labels = self._office365_stage_labels()
        return {
            "type": "ir.actions.client",
            "tag": "mail_office365.test",
            "params": {
                "model": self._name, "server_id": self.id, "title": title, "patience": PATIENCE,
                "parts": [
                    {"name": part, "stages": [{"name": stage, "label": labels[stage]} for stage in stages]}
                    for part, stages in self._office365_test_parts().items()],
                **more,
            },
        }

    def _office365_stage_labels(self) -> dict[str, str]:
        """Return what people call each stage."""
        return {
            "resolve": self.env._("Server name"),
            "connect": self.env._("Connection"),
            "tls": self.env._("Encryption and certificate"),
            "sign_in": self.env._("Sign-in"),
            "sender": self.env._("Sender"),
            "recipients": self.env._("Recipient"),
            "content": self.env._("Message"),
            "mailbox": self.env._("Mailbox"),
        }

    def _office365_test_failed(self, part: str, passed: set[str], error: Exception, email_to: str | None) -> dict:
        """Return what the dialog shows of a failure."""
        parts = self._office365_test_parts()
        # An outgoing server tells the stages of the parts before once more, with the connection of this one.
        asked = sum(parts.values(), ()) if "resolve" in passed else parts[part]
        stage = next((stage for stage in asked if stage not in passed), None)
        diagnosis, values = self._office365_diagnosis_of(error), self._office365_test_values(email_to)
        words, remedy = words_of(error), remedies.told(diagnosis, self.env._, values)
        if self._office365_tells_remedy(error):
            words, _line, remedy = remedies.filled(str(error), values).partition("\n")
        return {
            "stage": stage, "words": words, "remedy": remedy, "cause": diagnosis.cause,
            "commands": remedies.commands(diagnosis, values),
            "app_id": stage == "sign_in" and self.sudo().office365_app_id.id or False,
        }

    def _office365_tells_remedy(self, error: Exception) -> bool:
        """Tell whether the text of an error says what to do, in the lines after the first."""
        return isinstance(error, UserError)
