from urllib.parse import urlsplit

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.tools import hmac

_SCOPE = "mail_office365.fingerprint"
_MODELS = ("office365.secret", "office365.token")


class CopiedDatabase(UserError):
    """Secrets and tokens were stored under another address than the database has now: it may be a copy."""


class Office365Fingerprint(models.AbstractModel):
    """Rows that only the database that wrote them uses: a copy neither sends nor fetches as the original.

    The mark is a digest of ``database.uuid`` and the host of ``web.base.url``. It is keyed with the database's secret, so that it
    tells nothing about either.
    """

    _name = "office365.fingerprint"
    _description = "Belongs to One Database at One Address"

    fingerprint = fields.Char(required=True, readonly=True, groups=NO_ACCESS)

    def _fingerprint(self) -> str:
        """Return the mark of this database at its present address."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        host = urlsplit(get_param("web.base.url") or "").hostname or ""
        return hmac(self.env(su=True), _SCOPE, (get_param("database.uuid"), host))

    def _check_fingerprint__(self) -> None:  # noqa: PLW3201
        """
        :raise CopiedDatabase: a row belongs to another database or address
        """
        mark = self._fingerprint()
        if any(row.fingerprint != mark for row in self.sudo()):
            raise CopiedDatabase(self.env._(
                "This database may be a copy: its Office 365 sign-ins were stored under another address (System Parameter web.base.url). "
                "Nothing is sent or fetched with them. If it is not a copy, an administrator adopts the new address in Settings > "
                "Technical > Email > Microsoft Entra Apps."))

    def _is_copied__(self) -> bool:  # noqa: PLW3201
        """Tell whether anything stored belongs to another database or address: what the banner asks."""
        mark = self._fingerprint()
        return any(self.env[name].sudo().search_count([("fingerprint", "!=", mark)], limit=1) for name in _MODELS)

    def _adopt__(self) -> None:  # noqa: PLW3201
        """Take over everything stored: an administrator says that this database is the original.

        :raise AccessError: the caller is no administrator
        """
        if not self.env.is_system():
            raise AccessError(self.env._("Only an administrator can adopt the new address."))
        mark = self._fingerprint()
        for name in _MODELS:
            self.env[name].sudo().search([("fingerprint", "!=", mark)]).fingerprint = mark
