from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import NO_ACCESS
from odoo.tools import email_normalize, format_datetime, formataddr

from ...tools.addresses import ascii_address, canonical_address
from ...tools.diagnosis.cause import ABOUT_OF, RECIPIENT
from ...tools.identity import alias_link
from ...tools.identity.alias_link import Link
from ...tools.prefetch import PREFETCH


class ResUsers(models.Model):
    """The mail with the link, and what became of it."""

    _inherit = "res.users"

    # Message-Id of the mail with the link to the alias.
    office365_link_mail = fields.Char(copy=False, readonly=True, prefetch=PREFETCH, groups=NO_ACCESS)
    office365_link_state = fields.Selection(
        [("sent", "Link sent"), ("waiting", "Link not sent yet"), ("refused", "Link not delivered")],
        string="Confirmation Email", compute="_compute_office365_link_state", compute_sudo=True)
    office365_link_notice = fields.Char(compute="_compute_office365_link_state", compute_sudo=True)

    @api.depends("office365_link_mail", "office365_alias_state")
    def _compute_office365_link_state(self):
        for user in self:
            user.office365_link_state, user.office365_link_notice = user._origin._office365_link_outcome()

    @property
    def SELF_READABLE_FIELDS(self):
        return super().SELF_READABLE_FIELDS + ["office365_link_state", "office365_link_notice"]

    def _office365_link_outcome(self) -> tuple[str | bool, str | bool]:
        """Return what became of the mail with the link to a pending alias, and one sentence about it."""
        if self.office365_alias_state != "pending" or not self.office365_link_mail:
            return False, False
        this = [("message_id", "=", self.office365_link_mail)]
        mail = self.env["mail.mail"].search(this, limit=1)
        delivery = self.env["office365.delivery"].search(this, limit=1)
        state = alias_link.mail_state(mail.state or None, delivery.state or None, bounced=bool(delivery.bounced))
        cause = mail.office365_cause or delivery.cause
        if state == "sent":
            text = self.env._("We emailed a confirmation link to this address. Open it to confirm.")
        elif state == "waiting" and mail.office365_cause:
            text = self.env._(
                "The email with the confirmation link could not be sent yet. Odoo tries again on %s.",
                format_datetime(self.env, mail.scheduled_date) if mail.scheduled_date else self.env._("its next run"))
        elif state == "waiting":
            text = self.env._("The email with the confirmation link is about to be sent.")
        elif delivery.bounced or ABOUT_OF.get(cause) == RECIPIENT:
            text = self.env._("The email with the confirmation link was not delivered: nobody receives email at this address. Check it.")
        else:
            text = self.env._("The mail server refused the email with the confirmation link. Your administrator can see why.")
        return state, text

    def _office365_link_sender(self, address: str) -> str:
        """Return the From of the mail with a link.

        The default From first: until Exchange lets the mailbox send as it, the mailbox stands in (`tools.identity.sender`).

        :param address: that is to be proved; the mail never leaves as that one
        """
        company = self.company_id
        for candidate in (company.default_from_email, company.email):
            if (email := email_normalize(candidate)) and canonical_address(email) != address:
                return formataddr((company.name, email))
        return self.env.user.email_formatted

    def _office365_mail_link(self, link: Link, url: str, *, at_once: bool = True) -> None:
        """Send the mail with the link, once the present transaction is committed, or with the next run of the queue."""
        user = self.with_user(SUPERUSER_ID).with_context(lang=self.lang)
        body = user.env["ir.qweb"]._render("mail_office365.link_mail", {
            "url": url, "request_text": user._office365_request_text(link.address),
            "validity_text": user.env._("The link works once, within %s hours.", alias_link.LIFETIME_HOURS),
        }, lang=user.env.lang)
        mail = user.env["mail.mail"].create({
            "subject": user.env._("Confirm your email address"),
            "body_html": user.env["mail.render.mixin"]._render_encapsulate(
                "mail.mail_notification_light", body,
                add_context={"model_description": user.env._("Account")}, context_record=user,
            ),
            "author_id": user.env.user.partner_id.id,
            "email_from": user._office365_link_sender(link.address),
            # The bare address, checked when it was stored: no name that a user could write a header into.
            "email_to": ascii_address(link.address),
            "headers": repr({"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}),
            # What holds the link goes, the bare message stays: should the address lead back into the mailbox that
            # Odoo fetches (a catch-all), its Message-Id is known there and the mail is dropped instead of becoming
            # a record on which others read the link.
            "auto_delete": True,
            "is_notification": True,
        })
        if link.kind == "alias":
            user.office365_link_mail = mail.message_id
        if at_once:
            mail.send_after_commit()
        else:
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
