from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import NO_ACCESS
from odoo.tools import hash_sign, verify_hash_signed
from odoo.tools.urls import urljoin

from ...tools.addresses import canonical_address, domain_of
from ...tools.identity import alias_link
from ...tools.identity.alias_link import Claim, Kind, Link, State
from ...tools.prefetch import PREFETCH
from .office365_verified import by_administrator

PATH = "/mail_office365/confirm"
_NONCE = {"alias": "office365_alias_nonce", "email": "office365_email_nonce"}


class ResUsers(models.Model):
    """The link that is mailed to an address to prove that its user reads it."""

    _inherit = "res.users"

    # Digests of the nonces of the links that work. Nobody but the code here reads or writes them.
    office365_alias_nonce = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_email_nonce = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_links_sent = fields.Json(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_alias_in_force = fields.Char(
        "Office 365 Alias in Force", compute="_compute_office365_alias_in_force", compute_sudo=True)
    office365_email_state = fields.Selection(
        [("unconfirmed", "Not confirmed")],
        string="E-mail Status", compute="_compute_office365_email_state", compute_sudo=True,
    )

    @api.depends("office365_alias_confirmed")
    def _compute_office365_alias_in_force(self):
        for user in self:
            user.office365_alias_in_force = user.office365_alias_confirmed

    @api.depends("partner_id.email_normalized", "partner_id.office365_verified_email", "office365_alias_confirmed", "share")
    def _compute_office365_email_state(self):
        allowed = self._office365_alias_domains()
        for user in self:
            email = user._origin.partner_id.email_normalized
            is_ours = email and not user.share and not {domain_of(email), canonical_address(email)}.isdisjoint(allowed)
            is_verified = email in (user._origin.partner_id.office365_verified_email, user._origin.office365_alias_confirmed)
            user.office365_email_state = "unconfirmed" if is_ours and not is_verified else False

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["office365_alias_in_force", "office365_email_state"]

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_office365_resend_link(self):
        """Mail another link to the pending alias; the ones before stop working."""
        self._office365_check_caller()
        if self.sudo().office365_alias_state != "pending":
            raise UserError(self.env._("There is no Office 365 alias to confirm."))
        return self._office365_send_link("alias")

    def action_office365_confirm_email(self):
        """Mail a link to the user's own e-mail."""
        self._office365_check_caller()
        if self.sudo().office365_email_state != "unconfirmed":
            raise UserError(self.env._("There is no email address to confirm."))
        return self._office365_send_link("email")

    def action_office365_cancel_alias(self):
        """Go back to the alias in force."""
        self._office365_check_caller()
        user = self.sudo()
        if user.office365_alias_state != "pending":
            raise UserError(self.env._("There is no Office 365 alias to cancel."))
        user.office365_alias = user.office365_alias_confirmed
        return self._office365_told(
            self.env._("Cancelled. Mail goes out as %s.", user.office365_alias) if user.office365_alias
            else self.env._("Cancelled. Mail goes out as before."))

    def action_office365_confirm_alias(self):
        """Put a pending alias in force without a link: an administrator vouches for it."""
        self.ensure_one()
        if not by_administrator(self.env):
            raise AccessError(self.env._("Only an administrator can confirm an alias without the link."))
        user = self.sudo()
        if user.office365_alias_state != "pending":
            raise UserError(self.env._("There is no Office 365 alias to confirm."))
        user._check_office365_alias()
        user._office365_put_in_force(user._office365_claim("alias").address, "alias")
        return self._office365_told(self.env._(
            "Confirmed. Mail goes out as %s, as soon as Exchange lets it.", user.office365_alias))

    def _office365_check_caller(self) -> None:
        self.ensure_one()
        if self != self.env.user and not by_administrator(self.env):
            raise AccessError(self.env._("You can only do this for yourself."))

    def _office365_told(self, message: str) -> dict:
        """Return the action that says something and shows the record again: it closes a dialog, and reloads a form."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": message, "next": {"type": "ir.actions.act_window_close"}},
        }

    # ------------------------------------------------------------
    # Request
    # ------------------------------------------------------------

    def _office365_send_link(self, kind: Kind, *, at_once: bool = True) -> dict:
        """Mail a link to the address that this user claims.

        :param at_once: send it after the commit; otherwise the queue sends it, as one of many
        :raise UserError: too many links, or Odoo does not know its own address
        """
        self.ensure_one()
        user, at = self.sudo(), alias_link.now()
        self._office365_check_rate(user.office365_links_sent or [], at)
        base_url = user.get_base_url()
        if not alias_link.is_base_url(base_url):
            raise UserError(self.env._(
                "No link can be sent: the System Parameter web.base.url is “%s”. An administrator has to set it to "
                "the address of this database, such as https://odoo.contoso.com.", base_url or ""))
        link = Link.new(kind, user.id, user._office365_claim(kind).address, at)
        user.write({
            _NONCE[kind]: alias_link.digest(link.nonce),
            "office365_links_sent": alias_link.with_one_more(user.office365_links_sent or [], at),
        })
        # What is signed names no host: should web.base.url change, or a mail be opened under another name of this
        # database, the link works there as well.
        token = hash_sign(user.env, alias_link.SCOPE, link.to_values())
        user._office365_mail_link(link, f"{urljoin(base_url, PATH)}?{urlencode({'token': token})}", at_once=at_once)
        return self._office365_told(self.env._("A link is on its way to %s.", link.address))

    def _office365_check_rate(self, sent: list[int], at: int) -> None:
        seconds = alias_link.seconds_to_wait(sent, at)
        if seconds > alias_link.PAUSE:
            raise UserError(self.env._(
                "%(number)s links were sent in the last 24 hours, which is the limit. Try again in %(hours)s h, or ask an "
                "administrator to set the address.", number=alias_link.LINKS_A_DAY, hours=-(-seconds // 3600)))
        if seconds:
            raise UserError(self.env._(
                "A link was sent less than a minute ago. Wait %s seconds, then try again.", seconds))

    def _office365_request_text(self, address: str) -> str:
        """Return what a link is for, for whoever reads the mailbox of that address."""
        company = self.company_id or self.env.company
        return self.env._(
            "%(user)s (login %(login)s) asks to send mail from the Odoo database of %(company)s as %(address)s.",
            user=self.name, login=self.login, company=company.name, address=address)

    # ------------------------------------------------------------
    # Confirmation
    # ------------------------------------------------------------

    def _office365_claim(self, kind: Kind) -> Claim:
        """Return what is known of an address of this user."""
        self.ensure_one()
        if kind == "alias":
            address, in_force = self.office365_alias, self.office365_alias_confirmed
        else:
            address, in_force = self.partner_id.email_normalized, self.partner_id.office365_verified_email
        return Claim(
            usable=self.active and not self.share,
            address=address or "", in_force=in_force or "", digest=self[_NONCE[kind]] or "",
        )

    @api.model
    def _office365_open_link(self, token: str) -> tuple[State, Link | None, "ResUsers"]:
        """Return what a link comes to at this moment, what it carries and whose it is; change nothing."""
        try:
            values = verify_hash_signed(self.env["base"].sudo().env, alias_link.SCOPE, token)
        except ValueError:  # what core raises for something that is no token at all
            values = None
        link = Link.from_values(values)
        user = self.sudo().with_context(active_test=False).browse(link.user_id if link else ()).exists()
        claim = user._office365_claim(link.kind) if user else None
        return alias_link.judge(link, claim, alias_link.now()), link, user

    @api.model
    def _office365_use_link(self, token: str) -> tuple[State | str, Link | None, "ResUsers"]:
        """Confirm the address of a link, if the link works.

        :return: ``confirmed``, ``taken`` or what :meth:`_office365_open_link` says
        """
        state, link, user = self._office365_open_link(token)
        if state != "ready":
            return state, link, user
        if user._office365_is_refused(link):
            return "taken", link, user
        user._office365_put_in_force(link.address, link.kind)
        return "confirmed", link, user

    def _office365_is_refused(self, link: Link) -> bool:
        """Tell whether the address became another's, or the database stopped sending for it, since it was claimed."""
        if link.kind == "email":
            return self.office365_email_state != "unconfirmed"
        try:
            self._check_office365_alias()
        except ValidationError:
            return True
        return False

    def _office365_put_in_force(self, address: str, kind: Kind) -> None:
        """Confirm an address and use up its link."""
        self.ensure_one()
        user = self.sudo()
        user[_NONCE[kind]] = False
        if kind == "email":
            user.partner_id.office365_verified_email = address
            user._office365_record_change("email_confirmed", address, address)
            return
        before, user.office365_alias_confirmed = user.office365_alias_confirmed, address
        user._office365_record_change("confirmed", before, address)
        self.env["office365.probe"]._ask_soon()
