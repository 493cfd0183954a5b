from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import NO_ACCESS, Domain
from odoo.tools import SQL, email_normalize

from ...tools.addresses import AddressError, ascii_address, domain_of, parse_address
from ...tools.prefetch import PREFETCH
from .office365_actor import by_administrator

# In the context: an administrator leaves it to the users to confirm. It takes a right away, so a client may set it as well.
_INVITED = "office365_invited"


class ResUsers(models.Model):
    _inherit = "res.users"

    office365_alias = fields.Char(
        "Office 365 Alias", copy=False, prefetch=PREFETCH,
        help="Your real email address. Mail you send from Odoo goes out as this address, "
             "whichever mailbox it is sent through.",
    )
    # The alias in force. Nobody writes it but `_office365_settle_alias`: it decides what mail goes out as.
    office365_alias_confirmed = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_alias_state = fields.Selection(
        [("pending", "Pending"), ("confirmed", "Confirmed")],
        string="Office 365 Alias Status", compute="_compute_office365_alias_state", compute_sudo=True,
    )

    _office365_alias_confirmed_unique = models.UniqueIndex(
        "(office365_alias_confirmed) WHERE office365_alias_confirmed IS NOT NULL",
        "This Office 365 alias is already used by another user.",
    )

    @api.depends("office365_alias", "office365_alias_confirmed")
    def _compute_office365_alias_state(self):
        for user in self:
            in_force = user.office365_alias == user.office365_alias_confirmed
            is_stored = user.office365_alias == user._origin.office365_alias  # not while it is typed in a form
            user.office365_alias_state = is_stored and user.office365_alias and ("confirmed" if in_force else "pending")

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["office365_alias", "office365_alias_state"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return super().SELF_WRITEABLE_FIELDS + ["office365_alias"]

    @api.constrains("office365_alias")
    def _check_office365_alias(self):
        for user in self.filtered("office365_alias").sudo():
            if user.share:
                raise ValidationError(self.env._("Office 365 Alias: %s is not an internal user.", user.name))
            user._office365_check_domain()
            user._office365_check_not_taken()

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create([self._office365_normalize_alias(vals) for vals in vals_list])
        if by_administrator(self.env):
            users.partner_id._office365_verify_email()
        users.filtered("office365_alias")._office365_settle_alias({})
        return users

    def write(self, vals):
        is_alias = "office365_alias" in vals
        before = {user.id: user.office365_alias for user in self.sudo()} if is_alias else {}
        result = super().write(self._office365_normalize_alias(vals))
        if "partner_id" in vals and by_administrator(self.env):
            self.partner_id._office365_verify_email()
        if is_alias:
            self._office365_settle_alias(before)
        return result

    # ------------------------------------------------------------
    # Alias
    # ------------------------------------------------------------

    def _office365_normalize_alias(self, vals: dict) -> dict:
        """Return the values with the alias in its stored form.

        :raise ValidationError: it is not one plain address
        """
        if not (text := (vals.get("office365_alias") or "").strip()):
            return {**vals, "office365_alias": False} if "office365_alias" in vals else vals
        try:
            return {**vals, "office365_alias": parse_address(text)}
        except AddressError as error:
            reasons = {
                "malformed": self.env._(
                    "Office 365 Alias: “%s” is not an email address. "
                    "Enter the bare address, such as brant.wadsworth@contoso.com.", text),
                "several": self.env._(
                    "Office 365 Alias: “%s” contains several addresses. Enter one.", text),
            }
            raise ValidationError(reasons[error.slug]) from error

    def _office365_settle_alias(self, before: dict[int, str]) -> None:
        """Put an administrator's change in force, and anybody's removal; a user's own change waits for the link.

        :param before: what the users' aliases were, by id; none for new users
        """
        is_invited = bool(self.env.context.get(_INVITED))
        is_in_force = by_administrator(self.env) and not is_invited
        for user in self.sudo():
            alias, was, confirmed = user.office365_alias, before.get(user.id, False), user.office365_alias_confirmed
            if not is_in_force and alias and alias != confirmed:
                if alias != was:
                    user._office365_record_change("requested", confirmed, alias)
                    user._office365_send_link("alias", at_once=not is_invited)
                continue
            user.office365_alias_nonce = False  # a link that is on its way is for an older request
            if alias != confirmed:
                user.office365_alias_confirmed = alias
                user._office365_record_change("set" if alias else "removed", confirmed, alias, tell=user.id in before)
                self.env["office365.probe"]._ask_soon()
            elif was != alias:
                user._office365_record_change("cancelled", was, alias)

    def _office365_invite(self, alias: str) -> None:
        """Have the user confirm an alias that an administrator proposes: it waits for the link, as if the user had asked for it.

        :raise ValidationError: it is no alias for this user
        :raise UserError: too many links
        """
        self.ensure_one()
        user, before = self.sudo().with_context(**{_INVITED: True}), self.sudo().office365_alias
        user.office365_alias = alias
        if user.office365_alias == before and user.office365_alias_state == "pending":
            user._office365_send_link("alias", at_once=False)

    @api.model
    def _office365_alias_domains(self) -> frozenset[str]:
        """Return the domains and single addresses that an alias may be of, canonical."""
        return self.env["ir.mail_server"]._office365_own().domains

    def _office365_check_domain(self) -> None:
        allowed = self._office365_alias_domains()
        if self.office365_alias in allowed or domain_of(self.office365_alias) in allowed:
            return
        raise ValidationError(self.env._(
            "Office 365 Alias: this database does not send for %(address)s. Allowed are: %(allowed)s. An "
            "administrator can add a domain in the FROM Filtering of the Office 365 outgoing mail server, "
            "or as an alias domain.",
            address=self.office365_alias, allowed=", ".join(sorted(allowed)) or self.env._("none yet"),
        ))

    def _office365_check_not_taken(self) -> None:
        """
        :raise ValidationError: the address is somebody's or something's already. Only administrators are told whose it is: others could
            find out by trying aliases who has a login here, archived users and customers included
        """
        if not (reason := self._office365_taken_by()):
            return
        if by_administrator(self.env):
            raise ValidationError(reason)
        raise ValidationError(self.env._(
            "Office 365 Alias: %s is already in use in this database. Choose another address, or ask an administrator.",
            self.office365_alias))

    def _office365_taken_by(self) -> str | None:
        """Return the sentence that tells what has the address of this user's alias already, None if nothing has."""
        alias = self.office365_alias
        others = Domain("id", "!=", self.id)
        Users = self.env["res.users"].sudo().with_context(active_test=False)
        if Users.search_count(others & Domain("office365_alias_confirmed", "=", alias), limit=1):
            return self.env._("Office 365 Alias: %s is the alias of another user.", alias)
        written = [alias, ascii_address(alias)]  # a domain beyond ASCII stands in a login or e-mail in either form
        emails = Domain("partner_id.email_normalized", "in", [email_normalize(address) for address in written])
        if Users.search_count(others & (self._office365_login_in(written) | emails), limit=1):
            return self.env._("Office 365 Alias: %s is the login or email of another user.", alias)
        Domains = self.env["mail.alias.domain"].sudo().search([("name", "!=", False)])
        if alias in {*Domains.mapped("catchall_email"), *Domains.mapped("bounce_email")}:
            return self.env._("Office 365 Alias: %s is the catch-all or bounce address of this database.", alias)
        if self.env["mail.alias"].sudo().search_count([("alias_full_name", "=", alias)], limit=1):
            return self.env._("Office 365 Alias: %s is a mail alias. Mail sent to it creates records.", alias)
        return None

    @api.model
    def _office365_login_in(self, addresses: list[str]) -> Domain:
        """Return the domain of the users whose login is one of these, written in upper or lower case.

        Not ``=ilike``: ``_`` and ``%`` are ordinary characters of an address, and placeholders there.
        """
        return Domain.custom(to_sql=lambda model, alias, query: SQL(
            "lower(%s) = ANY(%s)", model._field_to_sql(alias, "login", query), addresses))
