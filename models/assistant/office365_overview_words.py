from dataclasses import dataclass

from odoo import api, models
from odoo.tools import format_date

from ...tools.assistant.overview import Line
from ...tools.checks import Check
from ...tools.diagnosis.reader import diagnose
from ...tools.servers import powershell


@dataclass(frozen=True)
class _Screen:
    """Where something is done about a line: an action, and its records.

    :ivar action: XML id
    :ivar search: name of the filter that is set
    """

    action: str
    search: str = ""


_SCREENS = {
    "waiting": _Screen("mail.action_view_mail_mail", "outgoing"),
    "attention": _Screen("mail_office365.office365_inbound_action", "attention"),
    "alias": _Screen("base.action_res_users"),
    "no_email": _Screen("base.action_res_users"),
    "no_sender": _Screen("base.action_res_users"),
    "company": _Screen("base.action_res_company_form"),
    "server": _Screen("mail_office365.office365_pause_action"),
    "default_sender": _Screen("mail_office365.office365_pause_action"),
    "sender": _Screen("mail_office365.office365_pause_action"),
    "fetch": _Screen("mail.action_email_server_tree"),
    "copy": _Screen("mail_office365.office365_app_action"),
    "end": _Screen("mail_office365.office365_app_action"),
    "password": _Screen("base.action_ir_mail_server_list"),
    "heartbeat": _Screen("mail_office365.office365_setup_action"),
    "webhook": _Screen("mail_office365.office365_monitor_action"),
}


class Office365Overview(models.TransientModel):
    """What a line says, and where its button leads."""

    _inherit = "office365.overview"

    @api.model
    def _words(self, line: Line) -> Check:
        """Return a line as people read it."""
        if line.state == "done":
            return Check(self._fine(line.kind), line.state)
        about = {
            "about": line.about, "count": line.count, "addresses": ", ".join(line.details), "what": line.details[0] if line.details else "",
            "date": format_date(self.env, line.until) if line.until else ""}
        name, remedy = self._sentences(line)
        if line.kind == "heartbeat" and (check := self.env["office365.round.trip"]._last_failure(line.record[1])):
            return Check(name % about, line.state, check.remedy or remedy, check.cause)
        # What is kept of a failed fetch is what the server said, and below it what to do.
        cause, _newline, rest = line.words.partition("\n") if line.kind == "fetch" else (line.words, "", "")
        return Check(name % about, line.state, remedy % about if remedy else rest.strip() or self._remedy(line), cause)

    @api.model
    def _remedy(self, line: Line) -> str:
        """Return what to do about what a server said."""
        diagnosis = diagnose(line.words)
        if line.record[0] != "ir.mail_server":
            return diagnosis.translated(self.env._)
        server = self.env["ir.mail_server"].sudo().browse(line.record[1])
        is_denied = line.kind in ("default_sender", "sender") and diagnosis.cause == "send_as_denied"
        command = is_denied and powershell.grant_line(server.office365_sender_mode, server._office365_trustee(), line.details)
        if command:
            return self.env._("An Exchange administrator allows it in PowerShell: %s", command)
        return server._office365_remedy_text(diagnosis, line.details[0] if line.count == 1 and line.details else "")

    @api.model
    def _fine(self, kind: str) -> str:
        return {
            "server": self.env._("No server or sender is refused."),
            "fetch": self.env._("Mail is fetched."),
            "waiting": self.env._("No email is waiting to be sent."),
            "attention": self.env._("All received mail was processed."),
            "password": self.env._("No server on a Microsoft host signs in with a password."),
            "end": self.env._("No secret, certificate or sign-in ends within 30 days."),
            "no_sender": self.env._("All users send from an address of their own."),
            "company": self.env._("A server sends for every company."),
            "alias": self.env._("No alias is waiting for its confirmation."),
        }[kind]

    @api.model
    def _sentences(self, line: Line) -> tuple[str, str]:
        """Return what is wrong and what to do, each with named placeholders; no remedy if the server's words tell it."""
        if line.kind == "password":
            return self._password_sentences(line)
        if line.kind == "end":
            return self._end_sentences(line)
        return {
            "copy": (
                self.env._("This database may be a copy: nothing is sent or fetched with Microsoft sign-in"),
                self.env._("If this is the production database, open the Entra app and press “This is the production database”.")),
            "server": (self.env._("%(about)s: Exchange refuses this server, and its mail is on hold"), ""),
            "default_sender": (self.env._("%(about)s: Exchange refuses the default sender %(addresses)s"), ""),
            "sender": (
                self.env._("%(about)s: Exchange refuses %(count)s senders, such as %(addresses)s") if line.count > len(line.details) else
                self.env._("%(about)s: Exchange refuses the sender %(addresses)s"), ""),
            "fetch": (self.env._("%(about)s: mail is not fetched"), ""),
            "not_fetched": (
                self.env._("%(about)s: no mail was fetched for more than an hour"),
                self.env._("Check under Settings > Technical > Scheduled Actions that “Mail: Fetchmail Service” is active, and that Odoo's "
                           "scheduled actions are run (max_cron_threads in odoo.conf).")),
            "unconfirmed": (
                self.env._("%(about)s: the server is not confirmed, so no mail is fetched"),
                self.env._("Open the server and press Test & Confirm, or archive it.")),
            "waiting": (
                self.env._("Emails are waiting to be sent: %(count)s"),
                self.env._("Open the list: each email says what it is waiting for.")),
            "attention": (
                self.env._("Received messages need attention: %(count)s"),
                self.env._("Open the list, read why each of them became no record, and retry it or file it.")),
            "differences": (
                self.env._("%(about)s: messages in the mailbox are not accounted for: %(count)s"),
                self.env._("Open the server and choose Compare with Mailbox to see them.")),
            "heartbeat": (
                self.env._("%(about)s: the daily test email does not come back"),
                self.env._("Open the set-up and repeat the proof. It names what is broken.")),
            "webhook": (
                self.env._("The webhook does not accept what Odoo sends"),
                self.env._("Check the address and the system behind it, then press Send Test Message.")),
            "alias": (
                self.env._("Aliases are waiting for their confirmation: %(count)s"),
                self.env._("These users open the link that was emailed to them, or you set the alias yourself.")),
            "no_email": (
                self.env._("Users without an email address: %(count)s. They cannot send."),
                self.env._("Enter their email address or their Office 365 alias.")),
            "no_sender": (
                self.env._("Users whose mail is sent from the mailbox: %(count)s"),
                self.env._("Set an Office 365 alias for them, or let them confirm their email address.")),
            "company": (
                self.env._("Companies for which no server sends: %(count)s, such as %(addresses)s"),
                self.env._("Add the email domain of the company to the FROM Filtering of a server. The form of the company says more.")),
        }[line.kind]

    @api.model
    def _password_sentences(self, line: Line) -> tuple[str, str]:
        direction, way = line.details
        ways = {
            "switch": self.env._("Open the server and press Switch to Microsoft Sign-in."),
            "preset": self.env._("Open the server and choose Office 365 and Microsoft Entra ID, or set up another server."),
            "file": self.env._("Set up an outgoing mail server in Odoo, then remove smtp_user and smtp_password from odoo.conf."),
        }
        if direction == "incoming":
            return self.env._("%(about)s signs in with a password, which Exchange no longer accepts for IMAP and POP"), ways[way]
        return self.env._("%(about)s signs in with a password. Microsoft switches that off for SMTP on %(date)s"), ways[way]

    @api.model
    def _end_sentences(self, line: Line) -> tuple[str, str]:
        name = (
            self.env._("%(about)s: %(what)s ended on %(date)s") if line.state == "failed" else
            self.env._("%(about)s: %(what)s ends on %(date)s"))
        return name, self.env._("Open it and renew what ends. The form says how.")

    # ------------------------------------------------------------
    # Where the button leads
    # ------------------------------------------------------------

    @api.model
    def _screen(self, kind: str, res_model: str | bool, res_id: int) -> dict:
        """Return the action that opens the right records."""
        if res_model and res_id and kind not in ("server", "default_sender", "sender"):
            return {"type": "ir.actions.act_window", "res_model": res_model, "res_id": res_id, "views": [(False, "form")]}
        screen = _SCREENS.get(kind)
        if not screen:
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        action = self.env["ir.actions.actions"]._for_xml_id(screen.action)
        if action["type"] == "ir.actions.server":
            return action
        context = {f"search_default_{screen.search}": 1} if screen.search else {}
        return {**action, "context": context, "domain": self._records(kind, res_id)}

    @api.model
    def _records(self, kind: str, res_id: int) -> list:
        if kind == "server":
            return [("mail_server_id", "=", res_id), ("address", "=", False)]
        if kind in ("default_sender", "sender"):
            return [("mail_server_id", "=", res_id), ("address", "!=", False)]
        if kind in ("alias", "no_email", "no_sender"):
            return [("id", "in", self._user_ids(kind))]
        if kind == "company":
            return [("id", "in", self._unserved_companies().ids)]
        return []
