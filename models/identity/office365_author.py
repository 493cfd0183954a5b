"""Whose an address is: a confirmed alias belongs to its user just as their own email does, for mail in both directions.

Core finds people by the e-mail of their partner in one place, `_find_or_create_from_emails`: the gateway's author and
its user, the recipients of a message and the composer all ask there. So that is where the alias is looked up. The
other hooks mend the few spots where core compares e-mails itself.

An alias gives its user no more than their email does in core. Core trusts the From header of incoming mail,
whoever wrote it, and so do we: whether a sender is genuine is for the mail server to judge. What is added is one more
address per user, which an administrator set or which the user proved. A pending alias counts for nothing, so nobody can attract another
person's mail by entering that person's address.
"""

import copy
from collections.abc import Iterable
from email.message import EmailMessage

from odoo import api, models
from odoo.tools import email_normalize, email_split, ormcache, parse_contact_from_email

from ...tools.addresses import canonical_address
from ...tools.identity.acting import Fetching


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model
    def _get_invalidation_fields(self):
        return super()._get_invalidation_fields() | {"office365_alias_confirmed"}

    @api.model
    @ormcache()
    def _office365_any_alias(self) -> bool:
        """Tell whether anybody has a confirmed alias: if nobody has, finding people costs what it costs in core."""
        users = self.env["res.users"].sudo().with_context(active_test=False)
        return bool(users.search_count([("office365_alias_confirmed", "!=", False)], limit=1))


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def find_or_create(self, email, assert_valid_email=False):
        if partner := self._office365_find_by_alias([email]).get(email):
            return partner
        return super().find_or_create(email, assert_valid_email=assert_valid_email)

    @api.model
    def _find_or_create_from_emails(
        self, emails, ban_emails=None, filter_found=None, additional_values=None,
        no_create=False, sort_key=None, sort_reverse=True,
    ):
        """Find the user's partner for a confirmed alias, even if another partner holds the alias as its e-mail.

        Nobody is found for the address of a colleague whom a message on its way in only claims to be from.
        """
        emails = list(emails)
        fetching = Fetching.of(self.env.context)
        unproven = fetching.item.unproven if fetching and fetching.item else ()
        found = {email: self.browse() for email in emails if unproven and email_normalize(email) in unproven} | {
            email: partner for email, partner in self._office365_find_by_alias(emails).items()
            if parse_contact_from_email(email)[1] not in (ban_emails or ())
            and (not filter_found or partner.filtered(filter_found)) and not (unproven and email_normalize(email) in unproven)
        }
        others = iter(super()._find_or_create_from_emails(
            [email for email in emails if email not in found], ban_emails=ban_emails, filter_found=filter_found,
            additional_values=additional_values, no_create=no_create, sort_key=sort_key, sort_reverse=sort_reverse,
        ))
        return [found[email] if email in found else next(others) for email in emails]

    @api.model
    def _office365_find_by_alias(self, emails: Iterable[str]) -> dict[str, models.BaseModel]:
        """Return the partners of the users whose confirmed aliases these are, by e-mail as it was given.

        Archived users are found as long as their partner is not archived, and partners only where the company and access
        rules show them: that is how core finds the same people by their e-mails.

        :param emails: plain or with a name; in each of them the first address counts, as in core
        """
        if not self.env["res.users"]._office365_any_alias():
            return {}
        aliases = {email: canonical_address(parse_contact_from_email(email)[1]) for email in emails}
        users = self.env["res.users"].sudo().with_context(active_test=False).search_fetch(
            [("office365_alias_confirmed", "in", [alias for alias in aliases.values() if "@" in alias])],
            ["office365_alias_confirmed", "partner_id"], order="id")
        if not users:
            return {}
        visible = {partner.id: partner for partner in self.search([("id", "in", users.partner_id.ids)], order="id")}
        partners = {user.office365_alias_confirmed: visible.get(user.partner_id.id) for user in users}
        return {email: partner for email, alias in aliases.items() if (partner := partners.get(alias))}


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _office365_without_aliases(self, suggested: dict[int, list[dict]]) -> dict[int, list[dict]]:
        """Return suggested recipients without the confirmed aliases that are suggested as addresses of nobody.

        :param suggested: by id of the record
        """
        of_nobody = [
            recipient["email"] for recipients in suggested.values() for recipient in recipients
            if not recipient["partner_id"]
        ]
        by_alias = of_nobody and self.env["res.partner"]._office365_find_by_alias(of_nobody)
        if not by_alias:
            return suggested
        return {
            record_id: [
                recipient for recipient in recipients
                if recipient["partner_id"] or recipient["email"] not in by_alias
            ]
            for record_id, recipients in suggested.items()
        }

    @api.model
    def _office365_without_addressed(self, recipients: list[dict], message, values: dict) -> list[dict]:
        """Return recipients without those whose alias is in To or Cc of the incoming mail.

        :param values: of the message that is about to be made, if they are not in the record yet
        """
        addressed = [
            address
            for field in ("incoming_email_to", "incoming_email_cc")
            for address in email_split((values[field] if field in values else message.sudo()[field]) or "")
        ]
        if not recipients or not addressed:
            return recipients
        by_alias = self.env["res.partner"].sudo()._office365_find_by_alias(addressed)
        have_it = {partner.id for partner in by_alias.values()}
        return [recipient for recipient in recipients if recipient["id"] not in have_it]

    @api.model
    def _office365_with_own_email(self, message: EmailMessage, message_dict: dict) -> tuple[EmailMessage, dict] | None:
        """Return an incoming message as if its author had sent it from their own e-mail; None if it is not from an alias."""
        email_from = message_dict.get("email_from")
        author = email_from and self.env["res.partner"]._office365_find_by_alias([email_from]).get(email_from)
        if not author or not author.email_normalized:
            return None
        return _from(message, author.email_normalized), {**message_dict, "email_from": author.email_normalized}


def _from(message: EmailMessage, address: str) -> EmailMessage:
    """Return the message as if it had come from another address; the given one stays as it is."""
    other = copy.copy(message)
    del other["From"]  # makes a new list of headers, the copy shared it until here
    other["From"] = address
    return other
