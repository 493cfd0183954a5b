from collections.abc import Collection, Mapping

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.addresses import canonical_address
from ...tools.errors import CertificateRefused, SmtpSignInRefused, words_of
from ...tools.identity import probe
from ...tools.identity.preview import Preview, Writer
from ...tools.identity.sender_book import SenderBook
from ...tools.sending import Sending
from ...tools.servers import powershell
from ...tools.transport import Envelope, Transport


class IrMail_Server(models.Model):
    """Whether Exchange lets the mailbox send as the addresses it is to send as."""

    _inherit = "ir.mail_server"

    office365_refused = fields.Text("Refused Addresses", compute="_compute_office365_refused")
    office365_remedy = fields.Char("Exchange PowerShell", compute="_compute_office365_refused")

    @api.depends("office365_preset", "office365_sender_mode", "smtp_user")
    def _compute_office365_refused(self):
        refused = self.env["office365.probe"].sudo().search([("mail_server_id", "in", self.ids), ("state", "=", probe.REFUSED)])
        for server in self:
            # What it says of the default From has a notice of its own.
            unproved = self._office365_own().unproved.get(server._origin.id, frozenset())
            addresses = [result.address for result in refused
                         if result.mail_server_id == server._origin and result._is_send_as_denied()
                         and canonical_address(result.address) not in unproved]
            server.office365_refused = ", ".join(addresses)
            server.office365_remedy = powershell.grant_line(
                server.office365_sender_mode, server._office365_trustee(), addresses)

    def action_office365_probe(self):
        """Probe every address that mail leaves this server with."""
        self.ensure_one()
        run = self._office365_probe_or_later()
        return self._office365_probe_action() if run is None else self.env["office365.probe"]._notification([run])

    def _office365_probe(
        self, wanted: Collection[str] | None = None, writers: Collection[Writer] | None = None,
    ) -> probe.Run:
        """Send a mail as each address to the mailbox itself, and keep what Exchange replied.

        :param wanted: addresses to be probed, all by default
        :param writers: whose addresses these are, if they are known; everybody's are looked up by default
        :raise UserError: no connection, or somebody else probes this server
        """
        senders = self._office365_probe_senders(wanted, writers)
        run = probe.Run(self.env["office365.probe"]._in_order(self, senders))
        self._office365_probe_run(run, senders)
        return run

    def _office365_probe_senders(
        self, wanted: Collection[str] | None, writers: Collection[Writer] | None = None,
    ) -> dict[str, tuple[Writer, Preview]]:
        """Return who writes as each address that is to be probed, and forget the results of those that are none any more.

        :raise UserError: this server is not probed, or somebody does already
        """
        self.ensure_one().check_access("write")
        if self.office365_preset != "submission":
            raise UserError(self.env._(
                "%s: only client submission is checked. A relay needs no permission, and High Volume Email sends as its account.",
                self.display_name))
        if not self.try_lock_for_update(allow_referencing=True):
            raise UserError(self.env._("%s is being checked already. Try again in a minute.", self.display_name))
        previews = self.env["office365.sender"].sudo()._previews(writers)
        senders = {out.asked_for: (writer, out) for writer, out in previews if out.server_id == self.id}
        if writers is None:
            self.env["office365.probe"].sudo().search([("mail_server_id", "=", self.id), ("address", "not in", list(senders))]).unlink()
        return {address: sender for address, sender in senders.items() if wanted is None or address in wanted}

    def _office365_probe_run(self, run: probe.Run, senders: Mapping[str, tuple[Writer, Preview]]) -> None:
        """Probe addresses until the run ends.

        :raise UserError: no connection
        """
        book = self.env["office365.sender"].sudo()._book(writer for writer, _out in senders.values())
        session = None
        try:
            while address := run.next():
                if session is None or not session.is_connected:
                    if session:
                        session.close()
                    session = self._office365_probe_session(run, senders[address][1])
                if session:
                    reply, taken = self._office365_send_probe(session, *senders[address], book)
                    run.note(address, reply, taken=taken)
        finally:
            if session:
                session.quit()
        self.env["office365.probe"].sudo()._store(self, run)
        self.invalidate_recordset([
            "office365_refused", "office365_remedy", "office365_default_from_state", "office365_default_from_notice",
            "office365_default_from_remedy"])

    def _office365_probe_session(self, run: probe.Run, out: Preview) -> Transport | None:
        """Open a session; if one was open before, a failure only ends the run.

        :raise UserError: the first session could not be opened
        """
        try:
            return self._connect__(mail_server_id=self.id, smtp_from=out.smtp_from)
        except OSError as error:
            if not run.replies:
                raise UserError(self.env._(
                    "%(server)s: nothing was checked, because Odoo could not connect. %(reason)s",
                    server=self.display_name,
                    reason=error if isinstance(error, (CertificateRefused, SmtpSignInRefused)) else words_of(error))) from error
            run.stopped = probe.NO_ANSWER
            return None

    def _office365_send_probe(self, session: Transport, writer: Writer, out: Preview, book: SenderBook) -> tuple[str, bool]:
        """Send one probe as a mail of this writer is sent; return the server's last words, and whether it took the mail."""
        mailbox = self._office365_mailbox() or ""
        asking = self.with_context(**Sending.noted(self.env.context, is_probe=True))
        server = asking._office365_writing_as(writer, book).browse(self.id)
        message = server._build_email__(
            writer.email_from, [mailbox], f"Probe of {out.asked_for}",
            self.env._("Odoo is testing whether %(mailbox)s may send as %(address)s. You can delete this email.",
                       mailbox=mailbox, address=out.asked_for),
            headers=self.env["office365.probe"]._headers())
        session.begin(server._office365_observer(out.smtp_from))
        try:
            envelope_from, recipients, message = server._prepare_email_message__(message, session)
        except OSError as error:
            return words_of(error), False
        outcome = session.deliver(message, Envelope(envelope_from, tuple(recipients)), session.observer)
        return outcome.reply, outcome.taken
