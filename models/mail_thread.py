"""The door of threads: every hook of core that the addon extends, once; first incoming mail, then the recipients of a message."""

import logging

from odoo import api, models
from odoo.addons.mail.tools.alias_error import AliasError
from odoo.tools import email_normalize

from ..tools.identity.acting import Away, Incoming

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    # ------------------------------------------------------------
    # Mail that comes in
    # ------------------------------------------------------------

    @api.model
    def message_process(self, model, message, custom_values=None, save_original=False, strip_attachments=False, thread_id=None):
        """Write down what becomes of a message of an Office 365 server, in the same transaction."""
        def process(source):
            return super(MailThread, self).message_process(
                model, source, custom_values=custom_values, save_original=save_original, strip_attachments=strip_attachments,
                thread_id=thread_id)

        item = self._office365_item(message)
        return self._office365_file(item, process) if item else process(message)

    @api.model
    def message_parse(self, message, save_original=False):
        """Mend what core's parser would stumble over, and read the header of a message of an Office 365 server as Exchange writes it."""
        item = self._office365_present_item()
        if not item:
            return super().message_parse(message, save_original=save_original)
        values = self._office365_parse(item, message, super().message_parse)
        if save_original:  # core would write it anew, from what it made of it
            values["attachments"].insert(0, self._Attachment("original_email.eml", item.source, {}))
        return self._office365_to_be_filed(item, values) if item.destination else values

    def _message_parse_extract_bounce(self, email_message, message_dict):
        """Leave delivery reports to :meth:`_office365_filter`: whatever is sent to the bounce alias is one for core."""
        if self._office365_present_item():
            return {"is_bounce": False}
        return super()._message_parse_extract_bounce(email_message, message_dict)

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Take what is not for a record; our own probes, too: an incoming server may fetch from the mailbox that they were sent to."""
        if item := self._office365_present_item():
            item.is_routed = True
        if item and item.destination:
            return [self._office365_destination_route(item, message, message_dict)]
        if self.env["office365.probe"]._is_probe(message):
            _logger.info("Ignored mail %s: a probe of an address that this database sent itself", message_dict.get("message_id"))
            if item:
                item.keep("ignored", self.env._(
                    "A test email that this database sent itself, to find out whether Exchange allows an address."))
            return []
        if not item:
            if self.env["office365.round.trip"]._is_ours(message):
                _logger.info("Ignored mail %s: the proof of a set-up, fetched by no Office 365 server", message_dict.get("message_id"))
                return []
            return super().message_route(message, message_dict, model, thread_id, custom_values)
        if item.is_loop and not item.is_retry or self._office365_filter(item, message, message_dict):
            return []
        try:
            return super().message_route(message, message_dict, model, thread_id, custom_values)
        except ValueError:  # what core raises if nothing takes a message
            item.is_unroutable = True
            raise

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        """Spare core the search in each model with a count of bounces, for each message, where there is nothing to reset."""
        item = self._office365_present_item()
        if item and not item.has_bounced and email_normalize(message_dict["email_from"]) == email_normalize(item.sender):
            return None
        return super()._routing_reset_bounce(email_message, message_dict)

    def _detect_loop_headers(self, msg_dict):
        """Leave it to somebody who has read the message where it belongs."""
        item = self._office365_present_item()
        return False if item and item.destination else super()._detect_loop_headers(msg_dict)

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        """Count what the mailbox received of a sender, not what was made of it now: a backlog is no loop."""
        item = self._office365_present_item()
        if not item:
            return super()._detect_loop_sender(message, message_dict, routes)
        return self._office365_is_too_much(item, message_dict, routes)

    def _routing_create_bounce_email(self, email_from, body_html, message, **mail_values):
        """Tell a sender only what may be told, and only who is it; the message is kept."""
        item = self._office365_present_item()
        if not item:
            return super()._routing_create_bounce_email(email_from, body_html, message, **mail_values)
        if self.env.cr is not item.cursor:
            return None  # a record could not be made; what becomes of the message is not decided yet
        item.keep("unroutable", self.env._("The message was sent to the catch-all address itself, which no record takes. File it by hand."))
        return self._office365_answer(item, message, body_html)

    @api.model
    def _mail_find_user_for_gateway(self, email_value, alias=None):
        """Let nobody act in the name of a user whom Exchange does not confirm."""
        item = self._office365_present_item()
        if item and item.author_uid <= 0:
            return self.env["res.users"]
        return super()._mail_find_user_for_gateway(email_value, alias=alias)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Note that the message came from outside, and what Exchange says about its sender."""
        if item := self._office365_present_item():
            item.model = routes[0][0] if routes else None
            if any("alias_id" in self.env[route[0]]._fields for route in routes or ()):
                item.aliases.clear()  # the record that is made now brings one
            item.incoming = Incoming(message_dict["message_id"], item.author_uid)
            return super()._message_route_process(message, message_dict, routes)
        incoming = Incoming(message_dict["message_id"], self._office365_author_uid(message))
        return super(MailThread, self.with_context(**{Incoming.CONTEXT_KEY: incoming}))._message_route_process(
            message, message_dict, routes)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Describe the fields of a model once a fetch: core asks for each message that becomes a record, and that takes long."""
        item = self._office365_present_item()
        return self._office365_described(super().fields_get, allfields, attributes) if item else super().fields_get(allfields, attributes)

    def _alias_get_error(self, message, message_dict, alias):
        """Ask again with the user's own email, which a rule such as HR's "employees" expects in the From header."""
        error = super()._alias_get_error(message, message_dict, alias)
        own = error and self._office365_with_own_email(message, message_dict)
        error = super()._alias_get_error(*own, alias) if own else error
        item = self._office365_present_item()
        if item and item.unproven and alias.alias_contact != "everyone":  # some rules, such as HR's, look at From alone
            error = AliasError("office365_unproven", self.env._("Exchange does not confirm that the sender is who the message says"))
        if error and item:
            item.keep("unroutable", self.env._(
                "The alias %(alias)s does not accept this message: %(reason)s",
                alias=alias.alias_full_name, reason=error.message or self.env._("nobody but certain senders may write to it")))
        return error

    # ------------------------------------------------------------
    # Whom a message goes to
    # ------------------------------------------------------------

    @api.model
    def _mail_find_partner_from_emails(self, emails, records=None, force_create=False, extra_domain=False):
        """Add partners found by alias: core matches the partners that it found by their emails only."""
        found = super()._mail_find_partner_from_emails(
            emails, records=records, force_create=force_create, extra_domain=extra_domain)
        by_alias = self.env["res.partner"]._office365_find_by_alias(emails)
        return [partner or by_alias.get(email, partner) for email, partner in zip(emails, found, strict=True)]

    def _message_get_suggested_recipients_batch(
        self, reply_discussion=False, reply_message=None, no_create=True, primary_email=False, additional_partners=None,
    ):
        """Leave out aliases: core suggests the partner, and the alias again as an unknown address."""
        return self._office365_without_aliases(super()._message_get_suggested_recipients_batch(
            reply_discussion=reply_discussion, reply_message=reply_message, no_create=no_create,
            primary_email=primary_email, additional_partners=additional_partners))

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Leave out people whose alias is in To or Cc of the incoming mail: like core, because they have it already.

        Nobody is told of an automatic answer.
        """
        if (item := self._office365_present_item()) and item.is_quiet:
            return []
        recipients = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        return self._office365_without_addressed(recipients, message, msg_vals or {})

    def _notify_thread_with_out_of_office(self, message, recipients_data, msg_vals=False, **kwargs):
        """Attribute an out-of-office answer to the person who is away, whoever triggered it."""
        return super(MailThread, self.with_context(**{Away.CONTEXT_KEY: Away()}))._notify_thread_with_out_of_office(
            message, recipients_data, msg_vals=msg_vals, **kwargs)
