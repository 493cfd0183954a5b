from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import key_pair


class Office365Tenant(models.Model):
    """What an app proves itself by.

    Secret and private key can be written and used, never read: their fields are computed, always empty, and what is
    written to them goes to ``office365.secret``.
    """

    _inherit = "office365.tenant"

    client_secret = fields.Char(
        compute="_compute_write_only", inverse="_inverse_client_secret", exportable=False,
        help="The column Value, not Secret ID, of Entra admin center > App registrations > Certificates & secrets. "
             "It can be replaced, but not be read.",
    )
    client_secret_expiry = fields.Date(
        "Secret Ends On", copy=False, help="As Entra shows it beside the secret. Administrators are reminded before.")
    certificate = fields.Text(
        copy=False, help="Certificate, PEM. This is the public part: upload it to Entra admin center > App registrations > "
                         "Certificates & secrets > Certificates.",
    )
    private_key = fields.Text(
        compute="_compute_write_only", inverse="_inverse_private_key", exportable=False,
        help="Private key of the certificate, PEM, without passphrase. It can be replaced, but not be read.",
    )

    def _compute_write_only(self):
        self.client_secret = self.private_key = False

    def _inverse_client_secret(self):
        self._keep_secret("client_secret")

    def _inverse_private_key(self):
        self._keep_secret("private_key")

    def _keep_secret(self, name: str) -> None:
        """Move what was written to a write-only field to where it is encrypted; nothing is left in the cache to be read."""
        for tenant in self:
            self.env["office365.secret"]._put__(tenant, name, tenant[name] or None)
        self.invalidate_recordset([name])

    def _credential__(self) -> str | key_pair.KeyPair | None:  # noqa: PLW3201
        """Return what the app proves itself by: secret, certificate with key, or nothing (public client).

        :raise UserError: it is missing, or no key opens it
        """
        self.ensure_one()
        if self.credential == "none":
            return None
        kind = "private_key" if self.credential == "certificate" else "client_secret"
        kept = self.env["office365.secret"]._get__(self, kind)
        if not kept or (kind == "private_key" and not self.certificate):
            raise UserError(self.env._("%s: there is no client secret yet. Enter one, or choose a certificate.", self.display_name)
                            if kind == "client_secret" else
                            self.env._("%s: there is no certificate with its private key yet. Make one, upload one, or choose a client "
                                       "secret.", self.display_name))
        return key_pair.from_pem(self.certificate, kept) if kind == "private_key" else kept
