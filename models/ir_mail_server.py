"""The door of outgoing mail servers: every hook of core that the addon extends, once, in the order in which a mail meets them.

The methods they call do the work, by topic: ``identity`` decides who a mail comes from, ``outgoing`` when and how it is sent, ``servers``
how a server is set up, and ``entra`` how it signs in. Those methods extend nothing of core, so the order in which files are loaded does
not matter.
"""

from odoo import api, models
from odoo.tools import email_normalize, formataddr

from ..tools.addresses import ascii_address
from ..tools.outgoing.session_pool import SessionPool
from ..tools.sending import Sending
from ..tools.transport import Transport


class IrMail_Server(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "office365.server.mixin"]

    # ------------------------------------------------------------
    # A mail on its way
    # ------------------------------------------------------------

    def _find_mail_server(self, email_from, mail_servers=None):
        """Choose the server for the alias if it is an Office 365 server; otherwise choose as core does, for the address itself."""
        if alias := self._office365_alias_to_choose_by(email_from, mail_servers):
            server, _smtp_from = super()._find_mail_server(alias.address, mail_servers)
            if server and server.office365_preset and self._match_from_filter(alias.address, server.from_filter):
                return server, formataddr((alias.name, alias.address))
        return super()._find_mail_server(email_from, mail_servers)

    def _connect__(  # noqa: PLW3201
        self, host=None, port=None, user=None, password=None, encryption=None, smtp_from=None,
        ssl_certificate=None, ssl_private_key=None, smtp_debug=False, mail_server_id=None, allow_archived=False,
    ):
        """Open the addon's own transport; in a run of the queue, only if mail may be sent."""
        def connect():
            if not self._disable_send():
                server, chosen_from = self.sudo().browse(mail_server_id or ()), smtp_from
                if not mail_server_id and not host:
                    server, chosen_from = self.sudo()._find_mail_server(smtp_from)
                if server and server.office365_preset:
                    self._check_forced_mail_server(server, allow_archived, chosen_from)
                    return server._office365_session(chosen_from, debug=smtp_debug)
            return super(IrMail_Server, self)._connect__(
                host=host, port=port, user=user, password=password, encryption=encryption, smtp_from=smtp_from,
                ssl_certificate=ssl_certificate, ssl_private_key=ssl_private_key, smtp_debug=smtp_debug,
                mail_server_id=mail_server_id, allow_archived=allow_archived,
            )

        run, server = Sending.of(self.env.context).run, self.sudo().browse(mail_server_id or ())
        # While a mail is being sent, the session is for a message of another module.
        if run and not run.attempt and server.office365_preset:
            return self._office365_connect_in_run(run, server, connect)
        return connect()

    @api.model
    def send_email(self, message, mail_server_id=None, *args, smtp_session=None, **kwargs):
        """Send as core does, and say what to do if an Office 365 server fails. In a run, note the server's answer in the run.

        If the caller brings no session, core opens one, and closes it only on success. Here it belongs to a pool, which always closes it.
        """
        self._office365_check_message(message, mail_server_id, args[0] if args else kwargs.get("smtp_server"))
        if not smtp_session and not self._office365_pool():
            with SessionPool() as pool:
                return self.with_context(**Sending.noted(self.env.context, pool=pool)).send_email(message, mail_server_id, *args, **kwargs)

        def send():
            with self._office365_explained(mail_server_id, smtp_session):
                return super(IrMail_Server, self).send_email(message, mail_server_id, *args, smtp_session=smtp_session, **kwargs)

        run = Sending.of(self.env.context).run
        # Core passes the session along; another module that sends a message meanwhile does not.
        transport = Transport.of(smtp_session)
        part = run and transport and run.begin_part(self.env.context.get("send_validated_to"))
        return self._office365_send_part(run, message, transport, send) if part else send()

    def _prepare_email_message__(self, message, smtp_session):  # noqa: PLW3201
        """Decide on the sender, wait for the mail's turn, prepare the message as core does, then ask whether it may be sent."""
        if not (transport := Transport.of(smtp_session)):
            return super()._prepare_email_message__(message, smtp_session)
        trusting = self._office365_trusting()
        server = trusting.sudo().browse(transport.mail_server_id)
        written_as, chosen_for = str(message["From"] or ""), server._office365_chosen_for(transport)
        identity = server._office365_identity_or_raise(message, chosen_for)
        server._office365_write_headers(message, identity)
        server._office365_begin(transport, identity, chosen_for, written_as)
        envelope_from, recipients, message = super(IrMail_Server, trusting)._prepare_email_message__(message, transport)
        server._office365_sign_in_as(transport, identity)
        server._office365_ask_to_go(email_normalize(str(message["From"] or "")) or "", len(recipients))
        return ascii_address(identity.envelope_from or envelope_from), recipients, message

    def _prepare_smtp_to_list(self, message, smtp_session):
        """Accept validated recipients in both forms: core writes their domains in ASCII here and in Unicode there."""
        validated = self.env.context.get("send_validated_to")
        if validated and Transport.of(smtp_session):
            self = self.with_context(send_validated_to=[*validated, *map(ascii_address, validated)])
        return super()._prepare_smtp_to_list(message, smtp_session)

    # ------------------------------------------------------------
    # Test Connection
    # ------------------------------------------------------------

    def test_smtp_connection(self, autodetect_max_email_size=False):
        """Test Office 365 servers with a mail to the mailbox itself. Exchange decides only after the last octet; core stops before it."""
        ours = self.filtered("office365_preset")
        ours._office365_check_active()
        if not ours or autodetect_max_email_size:
            return super().test_smtp_connection(autodetect_max_email_size=autodetect_max_email_size)
        ours.check_access("write")
        action = super(IrMail_Server, self - ours).test_smtp_connection()
        tests = ours._office365_tests()
        if len(tests) == 1:
            action["params"]["next"] = tests._action()
        return action

    def _get_test_email_from(self):
        """Test with the mailbox itself, the only sender that needs no permission."""
        self.ensure_one()
        return self._office365_mailbox() or super()._get_test_email_from()

    def _get_test_email_to(self):
        """Test with the mailbox itself, because High Volume Email refuses outside recipients; test a relay with the database's address."""
        # Core calls it on a single server, but does not promise that.
        own = self._office365_test_recipient() if len(self) == 1 and self.office365_preset else None
        return own or super()._get_test_email_to()

    # ------------------------------------------------------------
    # The record and its form
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        servers = super().create([self._office365_filled(self._office365_typed(vals)) for vals in vals_list])
        if any(servers.mapped("office365_preset")):
            self._office365_forget()
            self.env["office365.probe"]._ask_soon()
        return servers

    def write(self, vals):
        vals = self._office365_typed(vals)
        self._office365_forget_refusals(vals)
        if "office365_preset" in vals or "office365_cloud" in vals:
            for server in self:
                super(IrMail_Server, server).write(server._office365_filled(vals))
        else:
            super().write(vals)
        if self._office365_keeps(vals):
            self._office365_forget()
        return True

    def unlink(self):
        is_ours = any(self.mapped("office365_preset"))
        result = super().unlink()
        if is_ours:
            self._office365_forget()
        return result

    @api.onchange("smtp_encryption")
    def _onchange_encryption(self):
        """Keep the preset's port, which core would replace by the usual one of the encryption."""
        return {} if self.office365_preset else super()._onchange_encryption()

    @api.depends("smtp_authentication")
    def _compute_smtp_authentication_info(self):
        ours = self.filtered(lambda server: server.smtp_authentication == "office365")
        ours.smtp_authentication_info = self.env._(
            "An app registration in Microsoft Entra signs in with a token. No password is stored here.")
        return super(IrMail_Server, self - ours)._compute_smtp_authentication_info()
