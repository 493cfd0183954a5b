import ssl

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...const import CLOUDS, DEFAULT_CLOUD
from ...tools.diagnosis.reader import diagnose
from ...tools.servers.presets import Problem, typed_host


class Office365ServerMixin(models.AbstractModel):
    """What outgoing and incoming servers of ours share: the words for an administrator."""

    _name = "office365.server.mixin"
    _description = "Office 365 Server"

    office365_cloud = fields.Selection(
        list(CLOUDS.items()), string="Microsoft Cloud", default=DEFAULT_CLOUD,
        help="The national cloud that your Microsoft 365 tenant lives in.",
    )
    # Fields of the model for the server's name and for the mailbox.
    _office365_host_field = _office365_user_field = ""

    office365_password_notice = fields.Text(compute="_compute_office365_password_notice")

    @api.model
    def _office365_preset_values(self, preset: str, cloud: str) -> dict:
        """Return what a preset fills in on this model, nothing for a preset that does not exist."""
        raise NotImplementedError

    @api.onchange("office365_preset", "office365_cloud")
    def _onchange_office365_preset(self):
        self.update(self._office365_filled({}))
        self._office365_choose_sign_in()

    def _office365_filled(self, vals: dict) -> dict:
        """Return the values of a create or write with those of the preset below them: what the call itself sets wins."""
        preset = vals.get("office365_preset", self.office365_preset)
        cloud = vals.get("office365_cloud", self.office365_cloud) or DEFAULT_CLOUD
        filled = {**self._office365_preset_values(preset, cloud), **vals} if preset else vals
        return self._office365_sign_in_filled(vals, filled)

    def _office365_typed(self, vals: dict) -> dict:
        """Return the values of a create or write of servers of ours without what is copied along with a host name or a mailbox."""
        if not (vals["office365_preset"] if "office365_preset" in vals else self and all(server.office365_preset for server in self)):
            return vals
        cleaners = {self._office365_host_field: typed_host, self._office365_user_field: str.strip}
        return {**vals, **{name: clean(vals[name]) for name, clean in cleaners.items() if isinstance(vals.get(name), str)}}

    def _office365_sign_in_filled(self, vals: dict, filled: dict) -> dict:
        """Return filled values as the way to sign in wants them.

        :param vals: of the call itself
        """
        raise NotImplementedError

    def _office365_choose_sign_in(self) -> None:
        """Choose in the form how a server of the preset signs in."""
        raise NotImplementedError

    def _office365_raise_first(self, problems) -> None:
        """Refuse a server that cannot work.

        :param problems: iterable of :class:`Problem`
        :raise ValidationError: there is one; the message names the field and the remedy
        """
        for problem in problems:
            raise ValidationError(self.env._(
                "%(server)s: %(reason)s", server=self.display_name, reason=self._office365_problem_text(problem),
            ))

    def _office365_problem_text(self, problem: Problem) -> str:
        """Return the sentence for a problem that `tools.servers.presets` found: which field, and what to do."""
        texts = {
            "personal_server": self.env._(
                "the field Owner is set. A personal server is managed by its user in Preferences; "
                "clear the Owner or the Office 365 preset."),
            "relay_host_missing": self.env._(
                "the field SMTP Server is empty. Enter the MX host of your tenant, as the Microsoft 365 admin center "
                "shows it under Settings > Domains > your domain > DNS records, "
                "such as contoso-com.mail.protection.outlook.com."),
            "host_missing": self.env._(
                "the field %(host_field)s is empty. Microsoft documents no host of this service for the chosen cloud; "
                "choose another cloud, or enter the host that your tenant's administrator names."),
            "host_is_address": self.env._(
                "the field %(host_field)s holds the IP address %(host)s. Enter the DNS name: the certificate can only be "
                "verified against a name, and Microsoft changes the addresses behind it."),
            "host_malformed": self.env._(
                "the field %(host_field)s holds “%(host)s”, which is not the name of a server. Enter the name alone, such as "
                "smtp.office365.com. The port has a field of its own."),
            "relay_host_signs_in": self.env._(
                "the server %(host)s in the field %(host_field)s requires a sign-in, and a relay has none. Enter the MX host of your "
                "tenant, such as contoso-com.mail.protection.outlook.com, or choose the preset Client submission."),
            "host_is_mx": self.env._(
                "the server %(host)s in the field %(host_field)s is the MX host of a tenant, which never offers a sign-in. Choose the "
                "preset Relay through a connector for it, or enter the host of this preset."),
            "port_out_of_range": self.env._("the port %(port)s does not exist. Enter %(expected)s."),
            "port_of_other_protocol": self.env._(
                "the port %(port)s belongs to %(protocol)s. Enter %(expected)s."),
            "tls_not_verified": self.env._(
                "the field Connection Encryption must be “TLS (STARTTLS), encryption and validation”. Without it, "
                "mail and password can be read or redirected on the way."),
            "tls_missing": self.env._(
                "the field SSL/TLS is off. Switch it on (port %(port)s): without it, mail and password can be read "
                "on the way, and Exchange Online refuses the connection."),
            "relay_authentication": self.env._(
                "a connector trusts the IP addresses of this server or a certificate. "
                "Choose one of the two in the field Trusted By."),
            "relay_login": self.env._(
                "a relay does not sign in. Empty both fields, "
                "or choose the preset Client submission."),
            "submission_authentication": self.env._(
                "the field Sign In must be Microsoft Entra ID or Password: this service requires the mailbox to sign in."),
            "app_missing": self.env._(
                "the field Entra App is empty. Choose the app registration that signs in, or create it with the button Create the Entra "
                "App."),
            "app_of_other_cloud": self.env._(
                "the Entra App lives in another cloud (%(cloud)s). Choose an app of this server's cloud, or change the field "
                "Microsoft Cloud."),
            "mailbox_missing": self.env._(
                "the field %(user_field)s is empty. Enter the address of the mailbox that signs in."),
            "mailbox_malformed": self.env._(
                "the field %(user_field)s holds “%(mailbox)s”, which is not an email address. Enter the bare address of the mailbox, such "
                "as erp@contoso.com."),
            "mailbox_several": self.env._(
                "the field %(user_field)s holds several addresses: “%(mailbox)s”. Enter one, that of the mailbox that signs in."),
            "password_beside_sign_in": self.env._(
                "the field Password must be empty: the Entra App signs in. To keep the password in case something goes wrong, use the "
                "button Switch to Microsoft Sign-in."),
            "server_type": self.env._(
                "the field Server Type does not fit the preset. Choose %(expected)s, or another preset."),
        }
        labels = {
            "host_field": self._office365_label(self._office365_host_field),
            "user_field": self._office365_label(self._office365_user_field)}
        return texts[problem.slug] % {**labels, **problem.details}

    def _office365_label(self, name: str) -> str:
        """Return what the form calls a field."""
        return self._fields[name]._description_string(self.env)

    def _office365_refusal_text(self, host: str, login: str, error: Exception, reply: str) -> str:
        """Return the sentences for a refused sign-in: the server's own words, and what to do about them."""
        return self.env._(
            "%(host)s refused to sign in %(login)s. It said: %(reply)s\n%(remedy)s",
            host=host, login=login, reply=reply, remedy=self._office365_remedy_text(diagnose(error)),
        )

    def _office365_certificate_text(self, host: str, error: ssl.SSLCertVerificationError) -> str:
        """Return the sentence for a server whose certificate cannot be verified."""
        return self.env._(
            "The certificate of %(host)s cannot be verified: %(reason)s. Odoo sent nothing to it, not even a password. Check the server "
            "name. If a proxy or firewall on the way to Microsoft uses its own certificate, add its authority to the certificate store of "
            "this system.",
            host=host, reason=error.verify_message,
        )
