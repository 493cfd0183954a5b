import logging
import os
from pathlib import Path

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.tools import config, hmac
from psycopg2 import errors

from ...tools.secrets import vault
from ...tools.secrets.home import Home
from ...tools.secrets.vault import KeyUnusable, Unreadable, Vault
from ..reading import parameter

_logger = logging.getLogger(__name__)

_SCOPE = "mail_office365.fingerprint"
# Whose rows are encrypted, and the fields that are encrypted.
_ENCRYPTED = {"office365.secret": ("ciphertext",), "office365.token": ("access_token", "refresh_token")}


class SecretUnreadable(UserError):
    """What is stored cannot be decrypted: another key, or none."""


class CopiedDatabase(UserError):
    """Secrets and tokens were stored where this database is not, nor was: it may be a copy."""


class Office365Encrypted(models.AbstractModel):
    """Rows whose content is encrypted with a key outside the database, for the one database that wrote them.

    No access rights: only code of the addon gets here, as superuser. Server actions and remote calls cannot call the methods, as
    safe_eval refuses names with two underscores, and remote calls those that begin with one.

    The fingerprint is a digest of ``database.uuid`` and of where the database is, so that a copy neither sends nor fetches as the original.
    It is keyed with the database's secret, and tells nothing about either. What is a copy and what a move is said in
    docs/decisions/0014-a-copy-is-known-by-where-it-is.md.
    """

    _name = "office365.encrypted"
    _description = "Encrypted, for One Database"
    _log_access = False

    fingerprint = fields.Char(required=True, readonly=True, groups=NO_ACCESS)

    # ------------------------------------------------------------
    # Key
    # ------------------------------------------------------------

    def _vault__(self, *, make: bool = False) -> Vault:  # noqa: PLW3201
        """Return the vault of this installation. Keys are read each time, so that a new key file needs no restart.

        :param make: somebody enters a secret, so a key is made if there is none
        :raise UserError: there is no usable key; the message says what to do
        """
        try:
            return vault.open_vault(config.get(vault.OPTION), os.environ, config["data_dir"], make=make)
        except KeyUnusable as error:
            raise UserError(self._key_text(error)) from None

    def _key_text(self, error: KeyUnusable) -> str:
        texts = {
            "malformed": self.env._(
                "The value in %(where)s is not a valid key, so Odoo cannot store or use Office 365 secrets. Restore the key that was "
                "there, or make a new one and enter the secrets again:\n%(command)s"),
            "mode": self.env._(
                "Other users of the server can read the key file %(where)s, so Odoo does not use it. Make it private: chmod 600 %(where)s"),
            "missing": self.env._(
                "The key file %(where)s is missing, so Odoo cannot use the Office 365 secrets it stored. Restore the file, or the data "
                "directory it belongs to. If it is lost, enter the secrets again, which makes a new key, and sign in again."),
            "unreadable": self.env._(
                "Odoo cannot read the key file %(where)s: %(reason)s. Give the file to the system user that Odoo runs as, and check that "
                "its disk is mounted. Mail waits until then."),
            "unwritable": self.env._(
                "Odoo cannot create the key file %(where)s: %(reason)s. Let Odoo write there, or set office365_secret_key in odoo.conf to "
                "a "
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
            "Odoo cannot decrypt what is stored: its key is not the one that encrypted it. Enter the secret again, or "
            "sign in again; or give Odoo the old key back (office365_secret_key in odoo.conf, or the file mail_office365/secret.key in its "
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
    # Original or copy
    # ------------------------------------------------------------

    def _fingerprint(self) -> str:
        """Return the mark of this database where it is now."""
        uuid = parameter(self.env, "database.uuid")
        return hmac(self.env(su=True), _SCOPE, (uuid, self._place()))

    def _place(self) -> str:
        """Return what tells this database from every copy that was made by a dump or as a template.

        The identifier of the PostgreSQL system stays through restarts, failover and the promotion of a replica; the numbers of database and
        table stay when it is renamed, and through pg_upgrade. A copy gets others.
        """
        cr = self.env.cr
        cr.execute("SELECT oid, to_regclass('office365_token')::oid FROM pg_database WHERE datname = current_database()")
        database, table = cr.fetchone()
        try:
            with cr.savepoint(flush=False):
                cr.execute("SELECT system_identifier FROM pg_control_system()", log_exceptions=False)
                [system] = cr.fetchone()
        except (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.UndefinedFunction):
            system = ""  # some hosting services keep it to themselves
        return f"{system}/{database}/{table}"

    def _home(self) -> Home:
        uuid = parameter(self.env, "database.uuid") or ""
        return Home(Path(config["data_dir"], vault.FOLDER), self.env.cr.dbname, uuid)

    def _claim(self) -> str:
        """Return the mark for what this database stores now, and leave it outside, too, for the day when the database is moved."""
        mark = self._fingerprint()
        try:
            self._home().remember(mark)
        except OSError as error:  # nothing depends on it until then
            _logger.warning("Office 365: no mark in the data directory, a move of the database will have to be confirmed: %s", error)
        return mark

    def _is_ours(self, fingerprint: str) -> bool:
        """Tell whether this very database stored something, where it is or where it was before."""
        if fingerprint == self._fingerprint():
            return True
        try:
            return self._home().is_at(fingerprint)
        except OSError as error:
            _logger.warning("Office 365: the mark in the data directory cannot be read: %s", error)
            return False

    def _check_fingerprint__(self) -> None:  # noqa: PLW3201
        """
        :raise CopiedDatabase: another database stored a row
        """
        fingerprints = {row.fingerprint for row in self.sudo()}
        if not all(map(self._is_ours, fingerprints)):
            raise CopiedDatabase(self.env._(
                "This database may be a copy: its Office 365 secrets and sign-ins were stored in another database or on another server. "
                "Nothing is sent or fetched with them. If this is the production database, an administrator opens the Entra app and "
                "presses “This is the production database”."))
        if fingerprints:
            self._claim()

    def _strange_fingerprints(self) -> list[str]:
        """Return the marks of what is stored that are not the present one."""
        mark = self._fingerprint()
        return [fingerprint for model in _ENCRYPTED
                for [fingerprint] in self.env[model].sudo()._read_group([("fingerprint", "!=", mark)], ["fingerprint"])]

    def _is_copied__(self) -> bool:  # noqa: PLW3201
        """Tell whether another database stored anything: what the banner asks."""
        return not all(map(self._is_ours, self._strange_fingerprints()))

    def _adopt__(self) -> None:  # noqa: PLW3201
        """Take over everything stored: an administrator says that this database is the original.

        :raise AccessError: the caller is no administrator
        """
        if not self.env.is_system():
            raise AccessError(self.env._("Only an administrator can confirm that this is the production database."))
        self._take_over(self._strange_fingerprints())

    def _follow(self) -> None:
        """Take over what this very database stored before it was moved."""
        self._take_over([fingerprint for fingerprint in self._strange_fingerprints() if self._is_ours(fingerprint)])

    def _take_over(self, fingerprints: list[str]) -> None:
        mark = self._claim()
        for model in _ENCRYPTED:
            self.env[model].sudo().search([("fingerprint", "in", fingerprints)]).fingerprint = mark
