from datetime import datetime

from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from .office365_encrypted import CopiedDatabase, SecretUnreadable

__all__ = ["CopiedDatabase", "Office365Secret", "SecretUnreadable"]


class Office365Secret(models.Model):
    """Secrets of other records, such as the client secret of an app."""

    _name = "office365.secret"
    _inherit = ["office365.encrypted"]
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
        values = {"ciphertext": self._vault__(make=True).encrypt(value), "expires": expires, "fingerprint": self._claim()}
        if row:
            row.write(values)
        else:
            row.create({"res_model": record._name, "res_id": record.id, "kind": kind, **values})

    @api.model
    def _get__(self, record: models.BaseModel, kind: str) -> str | None:  # noqa: PLW3201
        """Return a secret of a record, None if there is none.

        :raise SecretUnreadable: no key opens it
        :raise CopiedDatabase: another database stored it; it is not even decrypted
        :raise UserError: there is no usable key at all
        """
        row = self._row(record, kind)
        row._check_fingerprint__()
        return row._open__("ciphertext") if row else None

    @api.model
    def _has__(self, record: models.BaseModel, kind: str) -> bool:  # noqa: PLW3201
        """Tell whether there is a secret; it needs no key for that."""
        return bool(self._row(record, kind))

    @api.model
    def _ciphertexts(self, record: models.BaseModel) -> list[str]:
        """Return what is stored of a record, encrypted: another one each time that something is stored, be it the same."""
        return self.sudo().search([("res_model", "=", record._name), ("res_id", "=", record.id)], order="id").mapped("ciphertext")

    @api.model
    def _drop__(self, records: models.BaseModel) -> None:  # noqa: PLW3201
        """Remove all secrets of records: for their ``unlink``."""
        self.sudo().search([("res_model", "=", records._name), ("res_id", "in", records.ids)]).unlink()

    def _row(self, record: models.BaseModel, kind: str) -> "Office365Secret":
        record.ensure_one()
        return self.sudo().search([("res_model", "=", record._name), ("res_id", "=", record.id), ("kind", "=", kind)])

    @api.autovacuum
    def _gc_orphans(self):
        """Forget the secrets of records that are gone."""
        for model, ids in self._read_group([], ["res_model"], ["res_id:array_agg"]):
            left = self.env[model].browse(ids).exists().ids if model in self.env else []
            self.search([("res_model", "=", model), ("res_id", "not in", left)]).unlink()

    @api.autovacuum
    def _gc_moved(self):
        """After a move of the database, store everything as it is there: then the next move can be told from a copy again."""
        self._follow()

    @api.autovacuum
    def _gc_keys(self):
        """With several keys given, encrypt everything with the first: a day later, the others can go."""
        if self.search_count([], limit=1) and self._vault__().rotates:
            self._rotate__()
