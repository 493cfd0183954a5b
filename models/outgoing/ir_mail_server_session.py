import base64
import contextlib
import smtplib
import ssl
import weakref
from collections.abc import Callable, Iterator
from email.message import Message

from odoo import api, models
from odoo.addons.base.models import ir_mail_server as core
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import AccessError, UserError

from ...tools.diagnosis.reader import diagnose
from ...tools.errors import CertificateRefused
from ...tools.outgoing.session_pool import CONTEXT_KEY, SessionPool
from ...tools.smtp.session import SmtpSession
from ...tools.tls import client_context

_SESSIONS = "mail_office365.sessions"


class IrMail_Server(models.Model):
    """The SMTP session of our servers: opened, verified, handed to core."""

    _inherit = "ir.mail_server"

    @contextlib.contextmanager
    def _office365_explained(self, mail_server_id: int | None, session: SmtpSession | None) -> Iterator[None]:
        """Say what to do about a failure at one of our servers; it becomes the failure reason of the mail.

        In a queue run a lost connection fails this mail alone: the session has another one for the next. Core would end the
        batch there, as its session is lost; whoever is not in a run still gets core's exception.
        """
        ours = session if isinstance(session, SmtpSession) else None
        try:
            yield
        except MailDeliveryException as error:
            server = self.sudo().browse(ours.mail_server_id if ours else mail_server_id or ())
            if not server.office365_preset or not isinstance(error.__context__, OSError):  # smtplib.SMTPException is one
                raise
            raise self._office365_failure(server, error.args[1], error.__context__) from error.__context__
        except smtplib.SMTPServerDisconnected as error:
            if not ours or not ours.pooled:
                raise
            raise self._office365_failure(self.sudo().browse(ours.mail_server_id), str(error), error) from error

    @api.model
    def _office365_check_message(self, message, mail_server_id, host) -> None:
        """Refuse a call from outside, before anybody signs in for it.

        Core lets everybody call :meth:`send_email` by RPC, a customer in the portal included. No message can come that way, only
        JSON, so such a call can't send anything; but it would sign in, hold one of the mailbox's connections, and fail.

        :raise AccessError: it is no message, and the caller does not administer mail servers
        """
        if isinstance(message, Message) or self.env.su or self.has_access("read"):
            return
        server = self.sudo().browse(mail_server_id or ())
        if server.office365_preset if server else not host and self._office365_in_use():
            raise AccessError(self.env._(
                "Mail is not sent by calling the mail server. Write a message on a record, or ask an administrator."))

    def _office365_failure(self, server, words: str, reason: Exception) -> MailDeliveryException:
        """Return the failure of a mail as core raises it, with what to do about it."""
        remedy = diagnose(reason, protocol="smtp").translated(self.env._)
        return MailDeliveryException(self.env._("Mail Delivery Failed"), f"{server.name}: {words}\n{remedy}")

    def _office365_session(self, smtp_from: str | None, *, debug: bool = False) -> SmtpSession:
        """Return the session of the queue run, if there is one, else a new one; for the parameters see below."""
        self.ensure_one()
        if not (pool := self._office365_pool()):
            session = self._office365_open_session(smtp_from, debug=debug)
            self._office365_rest_on_failure(session)
            return session
        login = self._office365_login_for(smtp_from)
        # It may be sending for somebody else just now: whoever's turn it is says for whom it sends.
        return pool.take(self.id, login, lambda: self._office365_open_session(smtp_from, debug=debug))

    @api.model
    def _office365_pool(self) -> SessionPool | None:
        """Return the pool whose owner closes the sessions that are opened now, if there is one."""
        pool = self.env.context.get(CONTEXT_KEY)
        return pool if isinstance(pool, SessionPool) and pool.is_open else None

    def _office365_rest_on_failure(self, session: SmtpSession) -> None:
        """Have a session that belongs to no pool let go of its connection when this transaction is rolled back.

        Whoever got it has to close it, and may fail before. Then nobody refers to it any more but a traceback, and whoever keeps that
        keeps a connection of the mailbox busy until Python's collector comes by. Who goes on with it gets another connection.
        """
        callbacks = self.env.cr.postrollback
        if (sessions := callbacks.data.get(_SESSIONS)) is None:
            sessions = callbacks.data[_SESSIONS] = weakref.WeakSet()
            callbacks.add(lambda: [session.rest() for session in list(sessions)])
        sessions.add(session)

    def _office365_open_session(
        self, smtp_from: str | None, *, debug: bool = False, on_stage: Callable[[str, float, str], None] | None = None,
    ) -> SmtpSession:
        """Connect, verify the server, sign in.

        :param smtp_from: From for which this server was chosen
        :param debug: trace the session to the log, without sign-in and messages
        :param on_stage: see :class:`SmtpSession`
        :raise CertificateRefused: the server's certificate cannot be verified; nothing was sent to it
        :raise SmtpSignInRefused: the server refused the sign-in
        :raise OSError: no connection
        :raise smtplib.SMTPException: any other refusal
        """
        self.ensure_one()
        session = SmtpSession(self.smtp_host, self.smtp_port, timeout=core.SMTP_TIMEOUT)
        session.set_debuglevel(debug or self.smtp_debug)
        session.mail_server_id = self.id
        session.from_filter = self.from_filter
        session.on_stage = on_stage
        self._office365_lend(session, smtp_from)
        session.open(self._office365_login_for(smtp_from))
        return session

    def _office365_lend(self, session: SmtpSession, smtp_from: str | None) -> None:
        """Say for whom a session sends next, and let it use this record's transaction if it has to connect again."""
        session.smtp_from = smtp_from
        session.slot = self._office365_connection_slot
        session.sign_on = self._office365_sign_on  # called with the session: one that held itself would outlive its last user

    def _office365_sign_on(self, session: SmtpSession, login: str | None) -> None:
        """Verify the server of a connected session and sign in, if somebody is to."""
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
                certificate=base64.b64decode(self.smtp_ssl_certificate or b""),
                private_key=base64.b64decode(self.smtp_ssl_private_key or b""),
            )
        except ssl.SSLError as error:
            raise UserError(self.env._(
                "%(server)s: the SSL Certificate or the SSL Private Key cannot be used (%(reason)s). "
                "Upload both as PEM files that belong together, the key without passphrase.",
                server=self.display_name, reason=error.reason or error,
            )) from error
