from collections.abc import Callable

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import DEFAULT_CLOUD
from ...tools.diagnosis.reader import diagnose
from ...tools.servers.presets import SignIn

# What a server says of a token that may have been revoked or is too old: another one is worth a try. Any other refusal would be
# repeated, and every try costs a request for a token.
TOKEN_REFUSED = frozenset({"oauth_rejected", "token_expired", "imap_auth_failed", "bad_credentials", "unknown"})


class Office365ServerMixin(models.AbstractModel):
    """Sign-in of a server of ours with a token of an Entra app."""

    _inherit = "office365.server.mixin"

    office365_sign_in_by = fields.Selection(
        [("office365", "Microsoft Entra ID"), ("login", "User name and password")],
        string="Sign In", compute="_compute_office365_sign_in_by", inverse="_inverse_office365_sign_in_by",
        help="Microsoft Entra ID: an app registration gives a token for each sign-in. No password is stored here.",
    )
    office365_app_id = fields.Many2one(
        "office365.app", "Entra App", ondelete="restrict", groups="base.group_system", copy=True,
        help="The app registration that signs in.",
    )
    office365_delegate = fields.Char(
        "Signs In As", groups="base.group_system",
        help="Only for a shared mailbox, or a mailbox whose owner signs in with another name than its address: the user who signs in. "
             "They need access to the mailbox in Exchange, and Send As to send.",
    )
    office365_has_app = fields.Boolean(compute="_compute_office365_has_app", groups="base.group_system")
    office365_auth_flow = fields.Selection(related="office365_app_id.auth_flow", groups="base.group_system")
    office365_is_copy = fields.Boolean(compute="_compute_office365_is_copy", groups="base.group_system")
    office365_sign_in_status = fields.Char("Signed In", compute="_compute_office365_sign_in_status", groups="base.group_system")

    # ------------------------------------------------------------
    # Values
    # ------------------------------------------------------------

    def _office365_signs_in_by_token(self) -> bool:
        """Tell whether this server signs in with a token."""
        raise NotImplementedError

    def _office365_user(self) -> str:
        """Return the user name of the server: the mailbox."""
        raise NotImplementedError

    def _office365_has_password(self) -> bool:
        """Tell whether a password is filled in."""
        raise NotImplementedError

    def _office365_sign_in_values(self) -> SignIn | None:
        """Return the sign-in by token as `tools.servers.presets` judges it, None if there is none."""
        server = self.sudo()
        if not server._office365_signs_in_by_token():
            return None
        return SignIn(
            mailbox=server._office365_user(), has_password=server._office365_has_password(),
            cloud=server.office365_cloud or DEFAULT_CLOUD, app_cloud=server.office365_app_id.cloud or None,
        )

    @api.model
    def _office365_app_for(self, cloud: str):
        """Return the app to propose for a server of this cloud, if there is one; one that signs in as itself first."""
        apps = self.env["office365.app"].search([("cloud", "=", cloud or DEFAULT_CLOUD)])
        return (apps.filtered(lambda app: app.auth_flow == "app") or apps)[:1]

    @api.depends("office365_cloud", "office365_app_id")
    def _compute_office365_has_app(self):
        for server in self:
            server.office365_has_app = bool(server.office365_app_id or server._office365_app_for(server.office365_cloud))

    def _office365_account(self, mailbox: str) -> str | None:
        """Return whose token signs in for a mailbox: a user's, or None for that of the app itself."""
        server = self.sudo()
        return (server.office365_delegate or mailbox) if server.office365_app_id.auth_flow == "delegated" else None

    def _office365_trustee(self) -> str:
        """Return who needs Send As: the mailbox, or the user who signs in for it."""
        mailbox = self.sudo()._office365_user()
        return self._office365_account(mailbox) or mailbox

    # ------------------------------------------------------------
    # Signing in
    # ------------------------------------------------------------

    def _office365_with_token(
        self, protocol: str, mailbox: str, sign_in: Callable[[str], object], time_left: Callable[[], float] | None = None,
    ) -> None:
        """Sign in with a token; with a new one once more if the server refuses the first.

        :param protocol: ``smtp``, ``hve``, ``imap`` or ``pop``
        :param sign_in: called with the token, raises what the server answers to a bad one
        :param time_left: returns the seconds that a token may take
        :raise SignInRefused: Entra gives no token
        :raise CopiedDatabase: this may be a copy of the database that the sign-in belongs to
        """
        app, account, tokens = self.sudo().office365_app_id, self._office365_account(mailbox), self.env["office365.token"]
        seconds = {"seconds": time_left()} if time_left else {}
        token = tokens._access_token__(app, protocol, account, **seconds)
        try:
            return sign_in(token)
        except UserError:
            raise
        except Exception as refusal:
            if diagnose(refusal, protocol="smtp" if protocol == "hve" else protocol).cause not in TOKEN_REFUSED:
                raise
            seconds = {"seconds": time_left()} if time_left else {}
            renewed = tokens._access_token__(app, protocol, account, renew=token, **seconds)
            if renewed == token:
                raise
        return sign_in(renewed)

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_office365_sign_in(self):
        """Go to Microsoft's page and sign in for this server's mailbox."""
        self.ensure_one()
        return self.office365_app_id._sign_in_action(self, self._office365_who_signs_in())

    def action_office365_device_sign_in(self):
        """Show a code to sign in with on another device."""
        self.ensure_one()
        return self.env["office365.device.sign.in"]._begin(self.office365_app_id, self._office365_who_signs_in())

    def _office365_who_signs_in(self) -> str:
        if account := self._office365_account(self._office365_user()):
            return account
        raise UserError(self.env._("%s: its Entra app signs in as itself; no user needs to sign in.", self.display_name))

    def action_office365_adopt(self):
        """Say that this is the production database, and no copy."""
        self.env["office365.token"]._adopt__()
        return True

    @api.depends_context("uid")
    def _compute_office365_is_copy(self):
        self.office365_is_copy = self.env["office365.token"]._is_copied__()

    @api.depends("office365_app_id.auth_flow", "office365_delegate", "office365_preset")
    def _compute_office365_sign_in_status(self):
        for server in self:
            account = server._office365_account(server._office365_user())
            server.office365_sign_in_status = bool(account) and server.office365_app_id._status_of(account)
