import contextlib
import math
import ssl
import weakref
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

from odoo import api, models
from odoo.addons.base.models import ir_mail_server as core
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize

from ...const import OUTGOING_PRESETS
from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused, Disconnected
from ...tools.outgoing.session_pool import SessionPool
from ...tools.sending import Sending
from ...tools.smtp.session import SmtpSession
from ...tools.tls import client_context
from ...tools.transport import Observer, Transport
from ..reading import content_of

_TRANSPORTS = "mail_office365.transports"


class IrMail_Server(models.Model):
    """The transport of Office 365 servers: opened, verified, handed to core as its session."""

    _inherit = "ir.mail_server"

    @contextlib.contextmanager
    def _office365_explained(self, mail_server_id: int | None, session: object) -> Iterator[None]:
        """Say what to do about a failure of an Office 365 server; the text becomes the failure reason of the mail.

        In a run, a lost connection fails this mail alone, because the transport connects again for the next one. Core would end the batch.
        Outside a run, callers still get core's exception.
        """
        transport = Transport.of(session)
        try:
            yield
        except MailDeliveryException as error:
            server = self.sudo().browse(transport.mail_server_id if transport else mail_server_id or ())
            if not server.office365_preset or not isinstance(error.__context__, OSError):
                raise
            raise self._office365_failure(server, error.args[1], error.__context__, transport) from error.__context__
        except Disconnected as error:
            if not transport or transport.kept_until is None:
                raise
            raise self._office365_failure(self.sudo().browse(transport.mail_server_id), str(error), error, transport) from error

    @api.model
    def _office365_check_message(self, message, mail_server_id, host) -> None:
        """Refuse a remote call before anybody signs in for it.

        Core lets everyone call :meth:`send_email` by RPC, even portal customers. JSON holds no message object, so such a call cannot send
        anything; but it would sign in, hold one of the mailbox's connections, and fail.

        :raise AccessError: it is no message, and the caller does not administer mail servers
        """
        if isinstance(message, Message) or self.env.su or self.has_access("read"):
            return
        server = self.sudo().browse(mail_server_id or ())
        if server.office365_preset if server else not host and self._office365_in_use():
            raise AccessError(self.env._(
                "Mail is not sent by calling the mail server. Write a message on a record, or ask an administrator."))

    def _office365_failure(self, server, words: str, reason: Exception, transport: Transport | None) -> MailDeliveryException:
        """Return the failure of a mail as core raises it, with what to do about it."""
        sender = transport and email_normalize(transport.smtp_from or "")
        remedy = server._office365_remedy_text(diagnose(reason, protocol="smtp"), sender or "")
        return MailDeliveryException(self.env._("Mail Delivery Failed"), f"{server.name}: {words}\n{remedy}")

    # ------------------------------------------------------------
    # Transport
    # ------------------------------------------------------------

    def _office365_session(self, smtp_from: str | None, *, debug: bool = False) -> Transport:
        """Return the open transport of this server: the one of the run or the call if there is one, otherwise a new one."""
        self.ensure_one()
        if not (pool := self._office365_pool()):
            return self._office365_open_session(smtp_from, debug=debug)
        login, observer = self._office365_login_for(smtp_from), self._office365_observer(smtp_from)
        return pool.take(
            self.id, lambda ends_at: self._office365_transport(kept_until=ends_at, debug=debug),
            lambda transport: transport.open(login, observer))

    @api.model
    def _office365_pool(self) -> SessionPool | None:
        """Return the pool that will close the transports opened now, if there is one."""
        pool = Sending.of(self.env.context).pool
        return pool if pool and pool.is_open else None

    def _office365_open_session(
        self, smtp_from: str | None, *, debug: bool = False, on_stage: Callable[[str, float, str], None] | None = None,
        patience: float = math.inf, signs_in: bool = True,
    ) -> Transport:
        """Connect, verify the server, sign in. The caller closes the transport.

        :param smtp_from: From for which this server was chosen
        :param debug: trace the session to the log, without sign-in and messages
        :param on_stage: see :class:`.Observer`
        :param patience: seconds for opening it, and then for each reply, if that is less than the queue waits
        :param signs_in: False: nobody signs in, which is enough to find out whether the server answers
        :raise CertificateRefused: the server's certificate cannot be verified; nothing was sent to it
        :raise SmtpSignInRefused: the server refused the sign-in
        :raise OSError: no connection, or any other refusal
        """
        self.ensure_one()
        transport = self._office365_transport(debug=debug)
        transport.patience = patience
        login = self._office365_login_for(smtp_from) if signs_in else None
        transport.open(login, self._office365_observer(smtp_from, on_stage=on_stage))
        self._office365_rest_on_failure(transport)
        return transport

    def _office365_transport(self, *, kept_until: float | None = None, debug: bool = False) -> Transport:
        """Return a new transport of this server, as its preset names it (docs/adding-a-transport.md).

        :param kept_until: see :class:`.Transport`
        """
        kind = OUTGOING_PRESETS[self.office365_preset].transport
        return getattr(self, f"_office365_{kind}_transport")(kept_until=kept_until, debug=debug)

    def _office365_smtp_transport(self, *, kept_until: float | None, debug: bool) -> SmtpSession:
        return SmtpSession(
            self.smtp_host, self.smtp_port, timeout=core.SMTP_TIMEOUT, debug=debug or self.smtp_debug, mail_server_id=self.id,
            from_filter=self.from_filter, kept_until=kept_until)

    def _office365_observer(self, chosen_for: str | None, **more: Any) -> Observer:
        """Return an observer by which a transport can use this record's transaction if it has to connect again.

        :param chosen_for: From for which core chose this server
        :param more: see :class:`.Observer`
        """
        return Observer(**{
            "chosen_for": chosen_for, "smtp_from": chosen_for,
            "slot": self._office365_connection_slot, "sign_on": self._office365_sign_on, **more})

    def _office365_rest_on_failure(self, transport: Transport) -> None:
        """Make a transport without a pool release its connection when this transaction is rolled back.

        Its owner has to close it, and may fail before that. Then only a traceback refers to it, and would keep one of the mailbox's
        connections busy until Python collects it. An owner that goes on using it gets a new connection.
        """
        callbacks = self.env.cr.postrollback
        if (transports := callbacks.data.get(_TRANSPORTS)) is None:
            transports = callbacks.data[_TRANSPORTS] = weakref.WeakSet()
            callbacks.add(lambda: [transport.rest() for transport in list(transports)])
        transports.add(transport)

    # ------------------------------------------------------------
    # SMTP
    # ------------------------------------------------------------

    def _office365_sign_on(self, session: SmtpSession, login: str | None) -> None:
        """Verify the server of a connected session, and sign in if there is a mailbox."""
        try:
            session.starttls(context=self._office365_tls_context())
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(self._office365_certificate_text(self.smtp_host, error)) from error
        if login:
            self._office365_sign_in(session, login)
        session.ehlo_or_helo_if_needed()

    def _office365_tls_context(self) -> ssl.SSLContext:
        if self.smtp_authentication != "certificate":
            return client_context()
        try:
            return client_context(
                certificate=content_of(self.smtp_ssl_certificate),
                private_key=content_of(self.smtp_ssl_private_key),
            )
        except ssl.SSLError as error:
            raise UserError(self.env._(
                "%(server)s: the SSL Certificate or the SSL Private Key cannot be used (%(reason)s). "
                "Upload both as PEM files that belong together, the key without passphrase.",
                server=self.display_name, reason=error.reason or error,
            )) from error
