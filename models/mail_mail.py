"""The door of the mail queue: every hook of core that the addon extends, once, in the order in which a mail meets them.

See :mod:`.ir_mail_server`, which is next on its way.
"""

from odoo import api, models

from ..tools.sending import Sending


class MailMail(models.Model):
    _inherit = "mail.mail"

    # ------------------------------------------------------------
    # Into the queue
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Take the message of a mail from core's values, never from the context, which a client can fill."""
        if self.env.context.get("default_mail_message_id"):
            self = self.with_context(default_mail_message_id=False)
        self._office365_mark_bulk(vals_list)
        self._office365_note_routes(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        vals = self._office365_without_own_message_id(vals)
        if "mail_message_id" in vals:
            vals = {**vals, "office365_route": False}
        return super().write(vals)

    # ------------------------------------------------------------
    # Out of the queue
    # ------------------------------------------------------------

    @api.model
    def process_email_queue(self, email_ids=(), batch_size=1000):
        """Take the oldest Office 365 mails first, and trigger the next run for when the next mail is due."""
        if not self.env["ir.mail_server"]._office365_in_use():
            return super().process_email_queue(email_ids=email_ids, batch_size=batch_size)
        mails = self if email_ids else self.with_context(**Sending.noted(self.env.context, is_queue=True))
        result = super(MailMail, mails).process_email_queue(email_ids=email_ids, batch_size=batch_size)
        self._office365_wake()
        return result

    @api.model
    def search(self, domain, offset=0, limit=None, order=None):
        found = super().search(domain, offset=offset, limit=limit, order=order)
        return self._office365_to_send(domain, found, limit) if Sending.of(self.env.context).is_queue else found

    def send_after_commit(self):
        """Commit after each Office 365 mail: core commits once at the end, so a killed worker would cause all to be sent again."""
        return super(MailMail, self.with_context(**Sending.noted(self.env.context, is_after_commit=True))).send_after_commit()

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Look up the senders of the batch. Send in a run of our own, unless the caller waits for the exception."""
        mails = self._office365_with_sender_book()
        if raise_exception or not Sending.of(mails.env.context).book or self.env["ir.mail_server"]._disable_send():
            return super(MailMail, mails).send(
                auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback)

        def send(those):
            return super(MailMail, those).send(auto_commit=auto_commit, post_send_callback=post_send_callback)  # noqa: UP008

        return mails._office365_send_in_run(send, auto_commit=auto_commit)

    def _split_by_mail_configuration(self):
        """In a run, send single Office 365 mails of all senders before mass mail."""
        groups, run = super()._split_by_mail_configuration(), Sending.of(self.env.context).run
        yield from groups if run is None else self._office365_in_lanes(run, list(groups))

    def _send(self, auto_commit=False, raise_exception=False, smtp_session=None, alias_domain_id=False,
              mail_server=False, post_send_callback=None):
        """In a run, send one mail after the other; outside a run, note which one: its sender depends on who made it."""
        run, server, batches = Sending.of(self.env.context).run, mail_server and mail_server.sudo(), [self]
        if server and server.office365_preset:
            if book := Sending.of(self.env.context).book:
                self._office365_acts_of(book)
                batches = [mail.with_context(**Sending.noted(self.env.context, mail_id=mail.id)) for mail in self]
            if run:
                def send(mail):
                    super(MailMail, mail)._send(  # noqa: UP008  (a nested function relies on no first argument)
                        smtp_session=smtp_session, alias_domain_id=alias_domain_id, mail_server=mail_server.with_env(mail.env))

                self._office365_send_batch_in_run(run, send, server, smtp_session, post_send_callback)
                return True
        for mails in batches:
            super(MailMail, mails)._send(
                auto_commit=auto_commit, raise_exception=raise_exception, smtp_session=smtp_session,
                alias_domain_id=alias_domain_id, mail_server=mail_server, post_send_callback=post_send_callback)
        return True

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """In a run, leave out recipients whom an earlier attempt served or refused for good."""
        emails = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        run = Sending.of(self.env.context).run
        attempt = run and run.attempt_of(self._ids)
        return self._office365_left(attempt, emails) if attempt else emails

    # ------------------------------------------------------------
    # What people do with mails that wait or have failed
    # ------------------------------------------------------------

    def mark_outgoing(self):
        """Start again with a mail that failed, except for recipients who received it."""
        result = super().mark_outgoing()
        self.filtered("office365_cause")._office365_begin_anew()
        return result

    def action_retry(self):
        """Retry waiting mails as well: they are sent with the next run of the queue."""
        deferred = self._office365_deferred()
        result = super().action_retry()
        deferred._office365_retry_now()
        return result

    def cancel(self):
        """Cancel the notifications of a mail that was still to be sent."""
        deferred = self._office365_deferred()
        result = super().cancel()
        deferred._office365_after_cancel()
        return result
