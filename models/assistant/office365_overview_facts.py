import binascii
import contextlib
from collections.abc import Iterator
from itertools import islice

from odoo import api, fields, models
from odoo.tools import SQL, config

from ...tools.addresses import ascii_address, canonical_address
from ...tools.assistant import overview
from ...tools.assistant.overview import End, Line, Mailbox, PasswordServer, Queue, Refusal
from ...tools.checks import FAILED, TO_DO
from ...tools.diagnosis.cause import RETRYABLE, TOPIC_OF
from ...tools.secrets import certificate
from ..reading import content_of

# Lines of one kind, and companies without an email domain of their own that are looked at.
_MOST = 50
_COMPANIES = 10
_SIGN_IN = ("Sign-in", "Microsoft Entra")


class Office365Overview(models.TransientModel):
    """Where the values come from. The number of queries does not depend on how many users and mails there are."""

    _inherit = "office365.overview"

    @api.model
    def _lines(self) -> list[Line]:
        """Return everything that is to be done or wrong."""
        now, today = fields.Datetime.now(), fields.Date.context_today(self)
        return [
            *self._urgent(self._mailboxes(), self._queue(), now),
            *overview.counted("attention", TO_DO, self._attention()),
            *self._webhook_lines(),
            *islice(overview.passwords(self._password_servers()), _MOST),
            *overview.ends(self._ends(), today),
            *self._user_lines(),
            *self._company_lines(),
        ]

    @api.model
    def _alerts(self, mailboxes: list[Mailbox] | None = None, waiting: Queue | None = None) -> list[Line]:
        """Return what administrators are told of at once, and monitors. Cheap: a monitor asks every minute."""
        urgent = self._urgent(
            self._mailboxes() if mailboxes is None else mailboxes, self._queue() if waiting is None else waiting, fields.Datetime.now())
        return [line for line in urgent if line.is_alert]

    @api.model
    def _urgent(self, mailboxes: list[Mailbox], waiting: Queue, now) -> Iterator[Line]:
        if self.env["office365.token"]._is_copied__():
            yield Line("copy", FAILED)
        yield from overview.refusals(self._refusals(), self._default_senders())
        yield from overview.mailboxes(mailboxes, now)
        yield from overview.queue(waiting, now)
        yield from overview.heartbeats(self.env["office365.setup"]._heartbeat_states())

    # ------------------------------------------------------------
    # Servers
    # ------------------------------------------------------------

    @api.model
    def _refusals(self) -> list[Refusal]:
        pauses = self.env["office365.pause"].sudo().search([("mail_server_id.active", "=", True)])
        return [
            Refusal(pause.mail_server_id.id, pause.mail_server_id.name, pause.address or "", pause.reply or pause.cause, pause.since,
                    bool(pause.until)) for pause in pauses]

    @api.model
    def _default_senders(self) -> frozenset[str]:
        """Return what Odoo's own mail leaves as."""
        servers = self.env["ir.mail_server"]
        addresses = {*servers._office365_own().addresses, servers._office365_notifications() or ""}
        return frozenset(canonical_address(address) for address in addresses if address)

    @api.model
    def _mailboxes(self) -> list[Mailbox]:
        servers = self.env["fetchmail.server"].sudo().search([("office365_preset", "!=", False)])
        return [
            Mailbox(
                server.id, server.name, is_confirmed=server.state == "done", failures=server.office365_failures,
                is_refused=self._is_sign_in_refused(server), since=server.error_date or None, words=server.error_message or "",
                asked=server.date or None, changed=server.write_date, differences=server.office365_difference_count,
            ) for server in servers]

    @api.model
    def _is_sign_in_refused(self, server) -> bool:
        if not server.office365_failures:
            return False
        words = (server.error_message or "").partition("\n")[0]  # below it is what to do
        cause = server._office365_diagnosis(words).cause
        return TOPIC_OF.get(cause) in _SIGN_IN and cause not in RETRYABLE

    @api.model
    def _password_servers(self) -> Iterator[PasswordServer]:
        """Yield all servers that sign in with a password: Office 365 servers, others, and the one of the configuration file."""
        for server in self.env["ir.mail_server"].sudo().search([("smtp_user", "!=", False), ("smtp_authentication", "=", "login")]):
            yield PasswordServer(("ir.mail_server", server.id), server.name, server.smtp_host or "", can_switch=server.office365_can_switch)
        for server in self.env["fetchmail.server"].sudo().search([
                ("server_type", "in", ("imap", "pop")), ("user", "!=", False), ("office365_app_id", "=", False)]):
            yield PasswordServer(("fetchmail.server", server.id), server.name, server.server or "", is_incoming=True,
                                 can_switch=server.office365_can_switch)
        if config.get("smtp_user"):
            host = str(config.get("smtp_server") or "")
            yield PasswordServer(("", 0), host, host)

    @api.model
    def _ends(self) -> Iterator[End]:
        """Yield what signs in and ends at a date."""
        for app in self.env["office365.app"].sudo().search([("active", "=", True)]):
            those = dict(app._ends().values())
            for row in app._sign_ins().filtered("needs_sign_in") if app.auth_flow == "delegated" else ():
                those[self.env._("The sign-in of %s", row.account)] = (row.failed_at or fields.Datetime.now()).date()
            for what, day in those.items():
                yield End(("office365.app", app.id), app.name, what, day)
        for server in self.env["ir.mail_server"].sudo().search([("smtp_authentication", "=", "certificate")]):
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                if facts := certificate.read(content_of(server.smtp_ssl_certificate).decode()):
                    yield End(("ir.mail_server", server.id), server.name, self.env._("The certificate"), facts.not_after.date())

    # ------------------------------------------------------------
    # Mail
    # ------------------------------------------------------------

    @api.model
    def _queue(self) -> Queue:
        """Return the mail that should have left: what failed, what waits for its turn, and what nobody has tried yet."""
        self.env["mail.mail"].flush_model()
        [row] = self.env.execute_query(SQL(
            """
            SELECT COUNT(*), MIN(since), MIN(since) FILTER (WHERE failed OR NOT bulk)
              FROM (
                   SELECT COALESCE(
                              office365_failed_since,
                              CASE WHEN office365_cause IS NULL THEN GREATEST(create_date, scheduled_date) ELSE create_date END) AS since,
                          office365_failed_since IS NOT NULL AS failed, COALESCE(office365_bulk, FALSE) AS bulk
                     FROM mail_mail
                    WHERE state = 'outgoing' AND (scheduled_date IS NULL OR scheduled_date <= %s OR office365_cause IS NOT NULL)
                   ) AS waiting
            """, fields.Datetime.now()))
        count, since, alarming = row
        return Queue(count, since and since.replace(microsecond=0), alarming and alarming.replace(microsecond=0))

    @api.model
    def _attention(self) -> int:
        servers = self.env["fetchmail.server"].sudo().with_context(active_test=False).search([("office365_preset", "!=", False)])
        return sum(servers.mapped("office365_inbound_count"))

    def _webhook_lines(self) -> Iterator[Line]:
        monitor = self.env["office365.monitor"].sudo()._monitor()
        if monitor.webhook_url and monitor.webhook_failures:
            yield Line("webhook", FAILED, since=monitor.webhook_date or None, words=monitor.webhook_error or "")

    # ------------------------------------------------------------
    # Users and companies
    # ------------------------------------------------------------

    @api.model
    def _user_ids(self, kind: str) -> list[int]:
        """Return the active internal users with a pending alias (``alias``), without an address (``no_email``), or whose mail leaves as
        the mailbox because none of their addresses is one that Odoo may send as (``no_sender``)."""
        self.env["res.users"].flush_model(["active", "share", "partner_id", "office365_alias", "office365_alias_confirmed"])
        self.env["res.partner"].flush_model(["email_normalized", "office365_verified_email"])
        domains = [*self.env["ir.mail_server"]._office365_own().domains]
        domains = list({*domains, *(ascii_address(f"@{domain}").removeprefix("@") for domain in domains if "@" not in domain)})
        condition = {
            "alias": SQL("users.office365_alias IS NOT NULL AND users.office365_alias IS DISTINCT FROM users.office365_alias_confirmed"),
            "no_email": SQL("users.office365_alias_confirmed IS NULL AND partner.email_normalized IS NULL"),
            "no_sender": SQL(
                """
                users.office365_alias_confirmed IS NULL AND partner.email_normalized IS NOT NULL AND NOT (
                    partner.email_normalized IS NOT DISTINCT FROM partner.office365_verified_email
                    AND (split_part(partner.email_normalized, '@', 2) = ANY(%(domains)s) OR partner.email_normalized = ANY(%(domains)s)))
                """, domains=domains),
        }[kind]
        return [user_id for [user_id] in self.env.execute_query(SQL(
            """
            SELECT users.id FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
             WHERE users.active AND NOT users.share AND %s ORDER BY users.id
            """, condition))]

    @api.model
    def _user_lines(self) -> Iterator[Line]:
        servers = self.env["ir.mail_server"]._office365_servers()
        for kind in ("alias", "no_email", "no_sender") if servers else ():
            # Where mail shows the mailbox by choice, nobody misses a sender.
            if kind != "no_sender" or any(server.office365_sender_mode != "mailbox" for server in servers):
                yield from overview.counted(kind, TO_DO, len(self._user_ids(kind)))

    @api.model
    def _company_lines(self) -> Iterator[Line]:
        unserved = self._unserved_companies()
        yield from overview.counted("company", FAILED, len(unserved), details=tuple(unserved[:3].mapped("name")))

    @api.model
    def _unserved_companies(self):
        """Return the companies for which no server sends. Those with the same email domain are alike; of those without, a few are asked."""
        companies = self.env["res.company"].sudo().search([("active", "=", True)])
        unserved = companies.browse()
        for domain, alike in companies.grouped("alias_domain_id").items():
            if domain.default_from_email:
                unserved |= alike if alike[0].office365_sender_notice else companies.browse()
            else:
                unserved |= alike[:_COMPANIES].filtered("office365_sender_notice")
        return unserved
