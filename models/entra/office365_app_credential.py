import binascii
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.entra import is_guid, token_life
from ...tools.entra.https import origin
from ...tools.secrets import certificate, key_pair
from ..reading import content_of

# Two years: what Entra's own page proposes at most for a secret.
CERTIFICATE_DAYS = 730


class Office365App(models.Model):
    """What an app proves itself by.

    Secret, private key and PFX file can be written and used, never read: their fields are computed, always empty, and what is
    written to them goes to ``office365.secret``.
    """

    _inherit = "office365.app"

    client_secret = fields.Char(
        compute="_compute_write_only", inverse="_inverse_client_secret", exportable=False,
        help="The column Value, not Secret ID, of Entra admin center > App registrations > Certificates & secrets. "
             "It can be replaced, but not be read.",
    )
    client_secret_state = fields.Char("Stored Secret", compute="_compute_credential_state")
    client_secret_expiry = fields.Date(
        "Secret Ends On", copy=False, help="The date that Entra shows next to the secret. Administrators are reminded before it.")
    certificate = fields.Text(
        copy=False, help="Certificate, PEM. This is the public part: upload it to Entra admin center > App registrations > "
                         "Certificates & secrets > Certificates.",
    )
    certificate_thumbprint = fields.Char(
        "Thumbprint", compute="_compute_certificate_facts", store=True,
        help="As Entra shows it under Certificates & secrets > Certificates once the certificate is uploaded.")
    certificate_expiry = fields.Date("Certificate Ends On", compute="_compute_certificate_facts", store=True)
    certificate_cer = fields.Binary("Public Part for Entra", compute="_compute_certificate_cer", attachment=False)
    certificate_filename = fields.Char(compute="_compute_certificate_cer")
    private_key = fields.Text(
        compute="_compute_write_only", inverse="_inverse_private_key", exportable=False,
        help="Private key of the certificate, PEM. It can be replaced, but not be read.",
    )
    private_key_state = fields.Char("Stored Private Key", compute="_compute_credential_state")
    certificate_pfx = fields.Binary(
        "PFX File", compute="_compute_write_only", inverse="_inverse_certificate_pfx", exportable=False, attachment=False,
        help="Certificate and private key in one file (.pfx, .p12). Odoo reads both from it and does not store the file.",
    )
    certificate_passphrase = fields.Char(
        "Passphrase", compute="_compute_write_only", inverse="_inverse_certificate_pfx", exportable=False,
        help="Passphrase of the PFX file or of the private key. It is used once and not kept.",
    )

    def _compute_write_only(self):
        self.client_secret = self.private_key = self.certificate_pfx = self.certificate_passphrase = False

    @api.depends("write_date")  # every change of a secret is a write
    def _compute_credential_state(self):
        for app in self:
            app.client_secret_state = app._credential_state("client_secret")
            app.private_key_state = app._credential_state("private_key")

    def _credential_state(self, kind: str) -> str | bool:
        """Return what is to be seen of something that cannot be seen."""
        secrets = self.env["office365.secret"]
        if not self._origin or not secrets._has__(self._origin, kind):
            return False
        try:
            secrets._get__(self._origin, kind)
        except UserError as error:
            return str(error)
        return self.env._("Stored, not shown")

    @api.depends("certificate")
    def _compute_certificate_facts(self):
        for app in self:
            facts = certificate.read(app.certificate)
            app.certificate_thumbprint = facts and facts.thumbprint
            app.certificate_expiry = facts and facts.not_after.date()

    @api.depends("certificate", "name")
    def _compute_certificate_cer(self):
        for app in self:
            facts = certificate.read(app.certificate)
            app.certificate_cer = facts and facts.der
            app.certificate_filename = facts and f"{app.name or 'odoo'}.cer"

    @api.constrains("certificate")
    def _check_certificate(self):
        for app in self:
            if app.certificate and not app.certificate_thumbprint:
                raise ValidationError(app._key_pair_text("certificate_unreadable"))

    # ------------------------------------------------------------
    # Writing what cannot be read
    # ------------------------------------------------------------

    def _with_file(self, vals: dict) -> dict:
        """Return the values of a call with what is in a PFX file in place of the file. It wins over the empty fields that a form sends
        along.

        :raise ValidationError: it cannot be used
        """
        if not vals.get("certificate_pfx"):
            return vals
        app = self[:1] or self.new({"name": vals.get("name")})
        try:
            pair = key_pair.from_pfx(content_of(vals["certificate_pfx"]), vals.get("certificate_passphrase") or None)
            pair.check_dates(token_life.now())
        except binascii.Error:
            raise ValidationError(app._key_pair_text("pfx_unreadable")) from None
        except key_pair.KeyPairUnusable as error:
            raise ValidationError(app._key_pair_text(error.slug)) from None
        rest = {name: value for name, value in vals.items() if name not in ("certificate_pfx", "certificate_passphrase")}
        return {**rest, "certificate": pair.certificate, "private_key": pair.private_key, "credential": "certificate"}

    def _inverse_client_secret(self):
        for app in self:
            secret = (app.client_secret or "").strip()
            if is_guid(secret):
                if app.credential != "secret":
                    continue  # the form keeps it out of sight; it would never be used
                raise ValidationError(self.env._(
                    "%s: this is the Secret ID, not the secret. Copy the column Value from Entra admin center > App registrations > your "
                    "app > Certificates & secrets. Entra shows it only once; if it is hidden, make a new client secret.", app.display_name))
            app._keep__("client_secret", secret)

    def _inverse_private_key(self):
        for app in self:
            if not app.private_key:
                app._keep__("private_key", "")
                continue
            try:
                pair = key_pair.from_pem(app.certificate or "", app.private_key, app.certificate_passphrase or None)
                pair.check_dates(token_life.now())
            except key_pair.KeyPairUnusable as error:
                raise ValidationError(app._key_pair_text(error.slug)) from None
            app._keep__("private_key", pair.private_key)

    def _inverse_certificate_pfx(self):
        """Forget what was used: the file in :meth:`_with_file`, the passphrase with the private key."""
        self.invalidate_recordset(["certificate_pfx", "certificate_passphrase"])

    def _keep__(self, kind: str, value: str) -> None:  # noqa: PLW3201
        """Keep a secret encrypted, and leave nothing of it in the cache, from where it could be read until the end of the request."""
        self.env["office365.secret"]._put__(self, kind, value or None)
        self.invalidate_recordset([kind, "client_secret_state", "private_key_state"])

    def _use_pair(self, pair: key_pair.KeyPair) -> None:
        self._keep__("private_key", pair.private_key)
        self.write({"certificate": pair.certificate, "credential": "certificate"})

    def _check_key_pair(self) -> None:
        """
        :raise ValidationError: there is a certificate, and no private key of its own
        """
        for app in self.filtered("certificate"):
            try:
                kept = self.env["office365.secret"]._get__(app, "private_key")
            except UserError:
                continue  # this database cannot read it, and says so where it is used
            if not kept:
                raise ValidationError(app._key_pair_text("key_missing"))
            try:
                key_pair.from_pem(app.certificate, kept)
            except key_pair.KeyPairUnusable as error:
                raise ValidationError(app._key_pair_text(error.slug)) from None

    def _hosts(self) -> dict[int, str]:
        """Return the host that each app is told its secrets at."""
        return {app.id: origin(app.authority_url) for app in self}

    def _forget_for_other_hosts(self, hosts: dict[int, str], vals: dict) -> None:
        """Forget what was meant for one host before another could be told it: whoever may edit this record may not read its secrets.

        :param hosts: of before the write
        :param vals: that were written
        """
        now = self._hosts()
        for app in self.filtered(lambda app: now[app.id] != hosts[app.id]):
            if "client_secret" not in vals:
                app._keep__("client_secret", "")
            self.env["office365.token"]._forget__(app)

    @api.ondelete(at_uninstall=False)
    def _unlink_secrets(self):
        self.env["office365.secret"]._drop__(self)

    # ------------------------------------------------------------
    # Key pair
    # ------------------------------------------------------------

    def action_make_key_pair(self):
        """Make a key pair; its public part is offered for download, its private part never leaves the database."""
        self.ensure_one()
        if self.private_key_state:
            raise UserError(self.env._(
                "%s: there is a key pair already, and Entra may know it. Empty the field Certificate and save, then make a new one; nobody "
                "can sign in until you upload its public part to Entra.", self.display_name))
        self._use_pair(key_pair.make(f"Odoo {self.env.cr.dbname}"[:64], CERTIFICATE_DAYS))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Key pair made. Download its public part below, and upload it to Entra admin center > App "
                                      "registrations > Certificates & secrets > Certificates."),
                "next": {"type": "ir.actions.act_window_close"},  # reloads the form
            },
        }

    def _key_pair_text(self, slug: str) -> str:
        """Return the sentence for a key pair that cannot be used."""
        texts = {
            "certificate_unreadable": self.env._(
                "the field Certificate holds no certificate in PEM, which starts with -----BEGIN CERTIFICATE-----."),
            "key_missing": self.env._(
                "the certificate has no private key, so nobody can sign in with it. Upload both in the field PFX File, or enter the key in "
                "the field Private Key."),
            "key_unreadable": self.env._(
                "the field Private Key holds no private key in PEM, which starts with -----BEGIN PRIVATE KEY-----."),
            "passphrase_missing": self.env._("the private key is protected. Enter its passphrase as well."),
            "passphrase_wrong": self.env._("the passphrase does not open the private key."),
            "not_rsa": self.env._(
                "Entra takes RSA keys only. Make a key pair with the button, or with openssl req -x509 -newkey rsa:2048."),
            "too_short": self.env._("the key is shorter than the 2048 bits that Entra asks for. Make another key pair."),
            "mismatch": self.env._("certificate and private key do not belong together. Enter both of the same pair."),
            "pfx_unreadable": self.env._("the PFX file cannot be opened. Check its passphrase, and that the file is whole."),
            "pfx_incomplete": self.env._("the PFX file lacks the certificate or its private key. Export both, with the private key."),
            "expired": self.env._("the certificate has ended. Make another key pair, and upload its public part to Entra."),
            "not_yet_valid": self.env._("the certificate is not valid yet. Check the clock of this server."),
            "bad_request": self.env._("the key pair cannot be made with this name."),
        }
        return f"{self.display_name}: {texts[slug]}"

    def _credential__(self) -> str | key_pair.KeyPair | None:  # noqa: PLW3201
        """Return what the app proves itself by: secret, certificate with key, or nothing (public client).

        :raise UserError: it is missing, or no key opens it
        """
        self.ensure_one()
        if self.credential == "none":
            return None
        kind = "private_key" if self.credential == "certificate" else "client_secret"
        kept = self.env["office365.secret"]._get__(self, kind)
        if kind == "client_secret":
            if not kept:
                raise UserError(self.env._("%s: there is no client secret yet. Enter one, or choose a certificate.", self.display_name))
            return kept
        if not kept or not self.certificate:
            raise UserError(self.env._(
                "%s: there is no certificate with its private key yet. Make a key pair, upload one, or choose a client secret.",
                self.display_name))
        try:
            return key_pair.from_pem(self.certificate, kept)
        except key_pair.KeyPairUnusable as error:
            raise UserError(self._key_pair_text(error.slug)) from None

    def _tried_with(self) -> str:
        """Return a digest of what this app signs in with now.

        A refusal is of that, and ends at once for everybody when it is mended: a secret that is entered anew has another ciphertext.
        """
        self.ensure_one()
        values = [self.authority_url, self.client_id, self.credential, self.certificate or ""]
        return hashlib.sha256(repr([*values, *self.env["office365.secret"]._ciphertexts(self)]).encode()).hexdigest()
