import os
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
from odoo.tools import config

from ..tools import vault
from ..tools.vault import KeyUnusable, Unreadable, Vault


class SecretUnreadable(UserError):
    """What is stored can't be decrypted: another key, or none."""


class Office365Secret(models.Model):
    """Secrets of other records, encrypted with a key that is not in the database (`tools.vault`).

    No access rights: only code of the addon gets here, as superuser. Server actions and remote calls can't call its methods, as
    safe_eval refuses names with two underscores, and remote calls those that begin with one.
    """

    _name = "office365.secret"
    _inherit = ["office365.fingerprint"]
    _description = "Encrypted Secret"
    _log_access = False

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    ciphertext = fields.Char(required=True, readonly=True, groups=NO_ACCESS)
    expires = fields.Datetime(readonly=True)

    _record_kind_unique = models.Constraint("UNIQUE(res_model, res_id, kind)", "A record has one secret of each kind.")

    @api.model
    def _put__(self, record: models.BaseModel, kind: str, value: str | None, expires: datetime | None = None) -> None:  # noqa: PLW3201
        """Store a secret of a record in place of the one before; None or nothing removes it.

        :param kind: what it is for, such as ``client_secret``
        :param expires: when it ends where it is from, UTC
        :raise UserError: there is no key to encrypt it with
        """
        row = self._row(record, kind)
        if not value:
            row.unlink()
            return
        values = {"ciphertext": self._vault__().encrypt(value), "expires": expires, "fingerprint": self._fingerprint()}
        if row:
            row.write(values)
        else:
            row.create({"res_model": record._name, "res_id": record.id, "kind": kind, **values})

    @api.model
    def _get__(self, record: models.BaseModel, kind: str) -> str | None:  # noqa: PLW3201
        """Return a secret of a record, None if there is none.

        :raise SecretUnreadable: no key opens it
        :raise CopiedDatabase: it was stored under another address; it is not even decrypted
        :raise UserError: there is no usable key at all
        """
        row = self._row(record, kind)
        if not row:
            return None
        row._check_fingerprint__()
        return row._open__("ciphertext")

    @api.model
    def _has__(self, record: models.BaseModel, kind: str) -> bool:  # noqa: PLW3201
        """Tell whether there is a secret; it needs no key for that."""
        return bool(self._row(record, kind))

    @api.model
    def _drop__(self, records: models.BaseModel) -> None:  # noqa: PLW3201
        """Remove all secrets of records: for their ``unlink``."""
        self.sudo().search([("res_model", "=", records._name), ("res_id", "in", records.ids)]).unlink()

    @api.model
    def _rotate__(self) -> int:  # noqa: PLW3201
        """Encrypt everything stored with the first key, and return how much that was; then the other keys can go.

        :raise SecretUnreadable: a row needs a key that is not given; nothing is changed
        """
        raise NotImplementedError

    def _row(self, record: models.BaseModel, kind: str) -> "Office365Secret":
        record.ensure_one()
        return self.sudo().search([("res_model", "=", record._name), ("res_id", "=", record.id), ("kind", "=", kind)])

    @api.model
    def _vault__(self) -> Vault:  # noqa: PLW3201
        """Return the vault of this installation. Keys are read each time, so that a rotation needs no restart.

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
            raise SecretUnreadable(self.env._(
                "A stored secret can not be decrypted: this Odoo has another key than the one that encrypted it. Enter the secret again, "
                "or sign in again; or give Odoo the key it had (office365_secret_key in odoo.conf, or the file secret.key in its data "
                "directory).")) from None
