"""The door of incoming mail servers: every hook of core that the addon extends, once. See :mod:`.ir_mail_server`."""

import contextlib

from odoo import api, models
from odoo.exceptions import UserError

from ..tools.identity.acting import Fetching

# What decides which mailbox is read, and from when on.
_OF_THE_MAILBOX = {"office365_preset", "office365_cloud", "server", "user", "office365_first_fetch", "office365_fetch_since"}


class FetchmailServer(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "office365.server.mixin"]

    # ------------------------------------------------------------
    # Fetching
    # ------------------------------------------------------------

    def fetch_mail(self):
        """Say what came, and what to do about a failure, where core shows a traceback."""
        if not self.office365_preset:
            return super().fetch_mail()
        self._office365_check_throttled()
        since = self._office365_clock()
        try:
            super().fetch_mail()
        except UserError:
            raise
        except Exception as error:
            raise UserError(self._office365_failure_text(error)) from error
        return self._office365_fetched(since)

    def _fetch_mail(self, batch_limit=50):
        """Note whose mail comes in, and keep what to do about a failure beside what core keeps of it."""
        ours = self.filtered("office365_preset")
        if others := self - ours:
            with contextlib.ExitStack() as afterwards:  # core lets some errors of a server through
                if ours:
                    afterwards.callback(ours._fetch_mail, batch_limit=batch_limit)
                return super(FetchmailServer, others)._fetch_mail(batch_limit=batch_limit)
        ours._office365_stay_confirmed()
        asked = (ours - ours._office365_throttled())._office365_in_turn()
        asked[:1]._office365_begin_turn()
        limit = ours._office365_limit(batch_limit)
        fetching = Fetching.of(self.env.context) or Fetching(frozenset(ours.ids), limit=limit)
        failure = super(FetchmailServer, asked.with_context(**{Fetching.CONTEXT_KEY: fetching}))._fetch_mail(batch_limit=limit)
        asked._office365_keep_remedy(fetching)
        # Core has committed its own notes, and the button raises the failure.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        ours._office365_work_off()
        return failure

    def _connect__(self, allow_archived=False):  # noqa: PLW3201
        self.ensure_one()
        return self._office365_connect() if self.office365_preset else super()._connect__(allow_archived=allow_archived)

    # ------------------------------------------------------------
    # The record and its form
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._office365_filled(self._office365_typed(vals)) for vals in vals_list])

    def write(self, vals):
        vals = self._office365_typed(vals)
        mailboxes = self._office365_mailboxes() if vals.keys() & _OF_THE_MAILBOX else {}
        if "office365_preset" not in vals and "office365_cloud" not in vals:
            super().write(vals)
        else:
            for server in self:
                super(FetchmailServer, server).write(server._office365_filled(vals))
        if vals.keys() & _OF_THE_MAILBOX:
            self._office365_read_anew(vals, mailboxes)
        return True

    @api.onchange("server_type", "is_ssl", "object_id")
    def onchange_server_type(self):
        """Keep the preset's port, which core would replace by the usual one."""
        port = self.port
        result = super().onchange_server_type()
        if self.office365_preset:
            self.port = port
        return result
