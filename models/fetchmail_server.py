"""The door of incoming mail servers: every hook of core that the addon extends, once. See :mod:`.ir_mail_server`."""

from odoo import api, models
from odoo.exceptions import UserError

from ..tools.identity.acting import Fetching


class FetchmailServer(models.Model):
    _name = "fetchmail.server"
    _inherit = ["fetchmail.server", "office365.server.mixin"]

    # ------------------------------------------------------------
    # Fetching
    # ------------------------------------------------------------

    def fetch_mail(self):
        """Say what to do about a failure, where core shows a traceback."""
        if not self.office365_preset:
            return super().fetch_mail()
        self._office365_check_throttled()
        try:
            return super().fetch_mail()
        except UserError:
            raise
        except Exception as error:
            raise UserError(self._office365_failure_text(error)) from error

    def _fetch_mail(self, batch_limit=50):
        """Note whose mail comes in, and keep what to do about a failure beside what core keeps of it."""
        servers = self - self._office365_throttled()
        ours = servers.filtered("office365_preset")
        ours._office365_stay_confirmed()
        fetching = {Fetching.CONTEXT_KEY: Fetching(frozenset(ours.ids))}
        failure = super(FetchmailServer, servers.with_context(**fetching))._fetch_mail(batch_limit=batch_limit)
        ours._office365_keep_remedy()
        if failure is not None:  # the button raises it, and core has committed its own note of it before
            self.env.cr.commit()  # pylint: disable=invalid-commit
        return failure

    def _connect__(self, allow_archived=False):  # noqa: PLW3201
        self.ensure_one()
        return self._office365_connect() if self.office365_preset else super()._connect__(allow_archived=allow_archived)

    # ------------------------------------------------------------
    # The record and its form
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._office365_filled(vals) for vals in vals_list])

    def write(self, vals):
        if "office365_preset" not in vals and "office365_cloud" not in vals:
            return super().write(vals)
        for server in self:
            super(FetchmailServer, server).write(server._office365_filled(vals))
        return True

    @api.onchange("server_type", "is_ssl", "object_id")
    def onchange_server_type(self):
        """Keep the preset's port, which core would replace by the usual one."""
        port = self.port
        result = super().onchange_server_type()
        if self.office365_preset:
            self.port = port
        return result
