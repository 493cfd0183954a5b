import os
from urllib.parse import urlsplit

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.tools import config, hmac

from ..tools import vault
from ..tools.vault import KeyUnusable, Unreadable, Vault

_SCOPE = "mail_office365.fingerprint"
# Whose rows are sealed, and the fields that are encrypted.
_ENCRYPTED = {"office365.secret": ("ciphertext",), "office365.token": ("access_token", "refresh_token")}


class SecretUnreadable(UserError):
    """What is stored can't be decrypted: another key, or none."""


class CopiedDatabase(UserError):
    """Secrets and tokens were stored under another address than the database has now: it may be a copy."""


class Office365Sealed(models.AbstractModel):
    """Rows whose content is encrypted with a key outside the database, for the one database that wrote them.

    No access rights: only code of the addon gets here, as superuser. Server actions and remote calls can't call the methods, as
    safe_eval refuses names with two underscores, and remote calls those that begin with one.

    The fingerprint is a digest of ``database.uuid`` and the host of ``web.base.url``, so that a copy neither sends nor fetches as the
    original. It is keyed with the database's secret, and tells nothing about either.
    """

    _name = "office365.sealed"
    _description = "Encrypted, for One Database at One Address"
    _log_access = False

    fingerprint = fields.Char(required=True, readonly=True, groups=NO_ACCESS)

    # ------------------------------------------------------------
    # Key
    # ------------------------------------------------------------

    def _vault__(self) -> Vault:  # noqa: PLW3201
        """Return the vault of this installation. Keys are read each time, so that a new key file needs no restart.

        :raise UserError: there is no usable key; the message says what to do
        """
        try:
            return vault.open_vault(config.get(vault.OPTION), os.environ, config["data_dir"])
        except KeyUnusable as error:
            raise UserError(self._key_text(error)) from None

    def _key_text(self, error: KeyUnusable) -> str:
        texts = {
            "malformed": self.env._(
                "The key in %(where)s is no key, so Odoo can neither store nor use Office 365 secrets. Make one with\n%(command)s"),
            "mode": self.env._(
                "Others may read the key file %(where)s, so Odoo does not use it. Make it private: chmod 600 %(where)s"),
            "unreadable": self.env._("Odoo can not read the key file %(where)s: %(reason)s."),
            "unwritable": self.env._(
                "Odoo can not make the key file %(where)s: %(reason)s. Let it write there, or set office365_secret_key in odoo.conf to a "
                "key made with\n%(command)s"),
        }
        return texts[error.slug] % {"where": error.where, "reason": error.reason, "command": vault.HOW_TO_MAKE}

    def _open__(self, name: str) -> str:  # noqa: PLW3201
        """Return what is in an encrypted field.

        :raise SecretUnreadable: no key opens it
        """
        self.ensure_one()
        try:
            return self._vault__().decrypt(self.sudo()[name])
        except Unreadable:
            raise self._unreadable() from None

    def _unreadable(self) -> SecretUnreadable:
        return SecretUnreadable(self.env._(
            "What was stored can not be decrypted: this Odoo has another key than the one that encrypted it. Enter the secret again, or "
            "sign in again; or give Odoo the key it had (office365_secret_key in odoo.conf, or the file mail_office365/secret.key in its "
            "data directory)."))

    def _rotate__(self) -> int:  # noqa: PLW3201
        """Encrypt everything stored with the first key, and return how much that was; then the other keys can go.

        :raise SecretUnreadable: something was encrypted with a key that is not given; nothing is changed
        """
        opened = self._vault__()
        rows = [(row, names) for model, names in _ENCRYPTED.items() for row in self.env[model].sudo().search([])]
        try:
            rotated = [(row, {name: opened.rotate(row[name]) for name in names if row[name]}) for row, names in rows]
        except Unreadable:
            raise self._unreadable() from None
        for row, values in rotated:
            row.write(values)
        return sum(len(values) for _row, values in rotated)

    # ------------------------------------------------------------
    # Fingerprint
    # ------------------------------------------------------------

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
                "Nothing is sent or fetched with them. If it is no copy, an administrator opens the Entra app and adopts the new address."))

    def _is_copied__(self) -> bool:  # noqa: PLW3201
        """Tell whether anything stored belongs to another database or address: what the banner asks."""
        mark = self._fingerprint()
        return any(self.env[model].sudo().search_count([("fingerprint", "!=", mark)], limit=1) for model in _ENCRYPTED)

    def _adopt__(self) -> None:  # noqa: PLW3201
        """Take over everything stored: an administrator says that this database is the original.

        :raise AccessError: the caller is no administrator
        """
        if not self.env.is_system():
            raise AccessError(self.env._("Only an administrator can adopt the new address."))
        mark = self._fingerprint()
        for model in _ENCRYPTED:
            self.env[model].sudo().search([("fingerprint", "!=", mark)]).fingerprint = mark
