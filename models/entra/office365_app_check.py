from datetime import datetime, timezone

from markupsafe import Markup
from odoo import fields, models
from odoo.exceptions import UserError

from ...tools import entra
from ...tools.entra import sign_in_check
from ...tools.entra.sign_in_check import APP_RBAC, GRANTED, HVE_ONLY, Finding

_NAMES = {"smtp": "SMTP", "imap": "IMAP", "pop": "POP", "hve": "High Volume Email"}


class Office365App(models.Model):
    """Check Sign-in: what Entra gives this app now, and what is missing for SMTP, IMAP and POP."""

    _inherit = "office365.app"

    check_date = fields.Datetime("Checked On", readonly=True, copy=False)
    check_state = fields.Selection(
        [("ok", "Works"), ("incomplete", "Permissions missing"), ("failed", "Refused")], "Sign-in", readonly=True, copy=False)
    check_result = fields.Html("Result", readonly=True, copy=False)

    def action_check_sign_in(self):
        """Ask for a new token, whatever is stored, and show what it may do."""
        self.ensure_one()
        protocols = self._protocols_in_use()
        try:
            results = [self._check_account(account) for account in (self._accounts() if self.auth_flow == "delegated" else [None])]
        except UserError as error:
            self._keep_check("failed", Markup("<p>%s</p>") % str(error).strip())
        else:
            if not results:
                raise UserError(self.env._("%s: no mail server uses this app yet, so nobody has signed in.", self.display_name))
            missing = any(finding.verdict not in (GRANTED, APP_RBAC) and finding.protocol in protocols
                          for _report, findings in results for finding in findings)
            self._keep_check("incomplete" if missing else "ok", Markup().join(report for report, _findings in results))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": {"ok": "success", "incomplete": "warning", "failed": "danger"}[self.check_state],
                "message": {
                    "ok": self.env._("The sign-in works."),
                    "incomplete": self.env._("The sign-in works, but permissions are missing. See Last Check."),
                    "failed": self.env._("The sign-in was refused. See Last Check."),
                }[self.check_state],
                "next": {"type": "ir.actions.act_window_close"},  # reloads the form
            },
        }

    def _keep_check(self, state: str, result: Markup) -> None:
        self.write({"check_date": fields.Datetime.now(), "check_state": state, "check_result": result})

    def _protocols_in_use(self) -> set[str]:
        """Return what servers of this app ask for tokens for; all but High Volume Email before there is a server."""
        protocols = {server.office365_preset for server in self.sudo().incoming_server_ids if server.office365_preset}
        protocols |= {server._office365_token_protocol() for server in self.sudo().outgoing_server_ids}
        return protocols or set(_NAMES) - {"hve"}

    def _check_account(self, account: str | None) -> tuple[Markup, list[Finding]]:
        """Ask for a token and return what it says, for people and for judging.

        :raise UserError: there is none
        """
        protocols = self._protocols_in_use()
        protocol = sorted(protocols)[-1]
        claims = entra.claims(self.env["office365.token"]._access_token__(self, protocol, account, anew=True))
        findings = sign_in_check.findings(claims, self.auth_flow, hve="hve" in protocols)
        return self._report(account, claims, findings), findings

    def _report(self, account: str | None, claims: entra.Claims, findings: list[Finding]) -> Markup:
        ends = datetime.fromtimestamp(claims.expires_at, timezone.utc)
        held = claims.roles if self.auth_flow == "app" else claims.scopes
        return Markup("<p>%s</p><ul>%s</ul>") % (
            self.env._(
                "%(who)s: the token for %(audience)s works until %(ends)s UTC and holds these permissions: %(held)s.",
                who=account or self.display_name, audience=claims.audience or "?", ends=f"{ends:%Y-%m-%d %H:%M}",
                held=", ".join(held) or self.env._("none")),
            Markup().join(
                Markup("<li><b>%s</b>: %s</li>") % (_NAMES[finding.protocol], self._finding_text(finding)) for finding in findings),
        )

    def _finding_text(self, finding: Finding) -> str:
        if finding.verdict == GRANTED:
            return self.env._("%s is granted.", finding.permission)
        if finding.verdict == APP_RBAC:
            return self.env._(
                "%s is not in the token. That is normal if Exchange itself grants the app access (App RBAC), which Test Connection on the "
                "outgoing server shows. Without App RBAC, add the permission as below.", finding.permission)
        if finding.verdict == HVE_ONLY:
            return self.env._(
                "%s is missing; Mail.Send is granted, which is enough only for High Volume Email.", finding.permission)
        if self.auth_flow == "app":
            return self.env._(
                "%s is missing. Add it under Entra admin center > App registrations > your app > API permissions > Add a permission > APIs "
                "my organization uses > Office 365 Exchange Online > Application permissions, then press Grant admin consent.",
                finding.permission)
        return self.env._(
            "%s is missing. Add it under Entra admin center > App registrations > your app > API permissions > Add a permission > "
            "Microsoft Graph > Delegated permissions, then sign in with Microsoft again.", finding.permission)
