import contextlib
import ssl
import time
from collections.abc import Iterator

from odoo import models

from ...tools.errors import CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused
from ...tools.servers.stages import PATIENCE
from ...tools.smtp import wire
from ...tools.tls import certificate_facts, client_context

_PARTS = {"resolve": ("resolve",), "connect": ("connect", "tls"), "sign_in": ("sign_in",), "mailbox": ("mailbox",)}
_EXPLAINED = (CertificateRefused, ImapSignInRefused, MailboxRefused, PopSignInRefused)


class FetchmailServer(models.Model):
    """The dialog that tests an incoming server, and confirms it if all stages were passed."""

    _inherit = "fetchmail.server"

    def _office365_test_parts(self):
        return _PARTS

    def _office365_run_part(self, part, note, email_to):
        begun = time.monotonic()
        if part == "resolve":
            addresses = self._office365_resolved()
            note("resolve", time.monotonic() - begun, ", ".join(dict.fromkeys(address[4][0] for address in addresses)))
        elif part == "connect":
            self._office365_test_tls(note)
        elif part == "sign_in":
            with _ended(self._office365_connect(is_opened=False, patience=PATIENCE)):
                note("sign_in", time.monotonic() - begun, self.user)
        else:
            with _ended(self._office365_connect(patience=PATIENCE)):
                note("mailbox", time.monotonic() - begun, self.env._("The mailbox is open."))
            self.state = "done"
            return self.env._("Odoo can read the mailbox %s. It now fetches mail from it.", self.user)
        return None

    def _office365_resolved(self) -> list[tuple]:
        return wire.resolve(self.server, self.port, PATIENCE)

    def _office365_test_tls(self, note) -> None:
        """Connect and verify the certificate, and say nothing: mail servers take that for a client that has gone.

        :raise CertificateRefused: the certificate cannot be verified
        """
        begun = time.monotonic()
        with wire.connect(self._office365_resolved(), PATIENCE) as plain:
            note("connect", time.monotonic() - begun, str(plain.getpeername()[0]))
            begun = time.monotonic()
            plain.settimeout(PATIENCE)
            try:
                with client_context().wrap_socket(plain, server_hostname=self.server) as tls:
                    note("tls", time.monotonic() - begun, f"{tls.version()}; {certificate_facts(tls.getpeercert() or {})}")
            except ssl.SSLCertVerificationError as error:
                raise CertificateRefused(self._office365_certificate_text(self.server, error)) from error

    def _office365_tells_remedy(self, error):
        return isinstance(error, _EXPLAINED) or super()._office365_tells_remedy(error)

    def _office365_diagnosis_of(self, error):
        return self._office365_diagnosis(error)


@contextlib.contextmanager
def _ended(connection) -> Iterator[None]:
    """End a connection, whatever the server makes of that."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.disconnect()
