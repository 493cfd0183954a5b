from odoo import fields, models

from ...const import OUTGOING_PRESETS
from ...tools.assistant import relay_probe
from ...tools.assistant.public_address import AddressUnusable, network, networks
from ...tools.checks import DONE, FAILED, TO_DO, Check
from ...tools.diagnosis.reader import diagnose
from ...tools.errors import words_of
from ...tools.secrets import certificate
from ...tools.tls import client_context
from ..reading import content_of

_ADDRESS = "<public address of Odoo>"  # what the remedies of the table of causes leave open


class Office365Setup(models.Model):
    """What is proved of the relay through a connector."""

    _inherit = "office365.setup"

    def _checks_relay(self) -> list[Check]:
        """Return the facts of the relay through a connector."""
        records = self._checks_records()
        if not self.mx_host:
            return [*records, Check(self.env._("MX host"), TO_DO, self.env._("Press Look Up, or enter the MX host of your domain."))]
        server = Check(self.env._("Outgoing mail server"), DONE) if self.relay_is_ready else Check(
            self.env._("Outgoing mail server"), TO_DO, self.env._("Press Create the Relay Server."))
        answer = self._ask_relay()
        trust = [self._certificate_check()] if self.relay_trust == "certificate" else [self._address_check(answer.address)]
        return [self._reached_check(answer), *(trust if answer.reached else []), *self._relays_checks(answer), server, *records]

    def _ask_relay(self) -> relay_probe.Answer:
        """Ask the MX host as which address it sees this server, and whether it relays for it."""
        uses_certificate = self.relay_trust == "certificate" and self.mail_server_id.office365_preset == "relay"
        return relay_probe.ask(
            self.mx_host, self._relay_port(), sender=self.mailbox or f"postmaster@{self.domain or 'localhost'}",
            context=self.mail_server_id._office365_tls_context() if uses_certificate else client_context())

    def _relay_port(self) -> int:
        is_relay = self.mail_server_id.office365_preset == "relay"
        return self.mail_server_id.smtp_port if is_relay else OUTGOING_PRESETS["relay"].port

    def _reached_check(self, answer: relay_probe.Answer) -> Check:
        name = self.env._("%(host)s is reached on port %(port)s", host=self.mx_host, port=self._relay_port())
        if answer.reached:
            return Check(name, DONE)
        diagnosis = diagnose(answer.error, protocol="smtp")
        blocked = self.env._(
            "Many hosting providers block port 25. Ask yours to open it for outgoing connections, or choose Client submission.")
        remedy = blocked if diagnosis.cause in ("timeout", "connection_refused") else diagnosis.translated(self.env._)
        return Check(name, FAILED, remedy, words_of(answer.error))

    def _address_check(self, seen: str) -> Check:
        """Compare the address that Exchange sees this server as with those that were entered."""
        name = self.env._("Public address of this server")
        entered = networks(self.public_addresses or "")
        if not seen:
            return Check(name, DONE if entered else TO_DO, "" if entered else self.env._("Enter the public address of this server."))
        try:
            networks(seen)
        except AddressUnusable as error:
            return Check(
                name, FAILED, self._address_text(error.slug) % {"address": seen}, self.env._("The host sees this server as %s.", seen))
        if not entered:
            return Check(name, TO_DO, self.env._("Enter %s, the address that the host sees this server as.", seen))
        if not any(network(seen).subnet_of(each) for each in entered):
            return Check(
                name, FAILED,
                self.env._("Add %s to the field and to the connector. Keep the others only if Odoo sends from them too.", seen),
                self.env._("The host sees this server as %s, which is not in the field.", seen))
        return Check(name, DONE, cause=self.env._("The host sees this server as %s.", seen))

    def _certificate_check(self) -> Check:
        """Compare the names in the client certificate with the domain, one of which the connector asks for."""
        name = self.env._("Client certificate")
        facts = certificate.read(content_of(self.mail_server_id.smtp_ssl_certificate).decode("ascii", "replace"))
        if not facts or not self.mail_server_id.smtp_ssl_private_key:
            return Check(name, TO_DO, self.env._("Create the relay server, then upload certificate and private key, both as PEM."))
        if facts.not_after < fields.Datetime.now():
            return Check(
                name, FAILED, self.env._("Upload a certificate that is valid."), self.env._("It ended on %s.", facts.not_after.date()))
        domain = (self.domain or "").lower()
        if not any(each == domain or each.endswith(f".{domain}") for each in facts.names):
            return Check(
                name, FAILED, self.env._("Use a certificate of a public authority with a name of your domain, such as *.%s.", domain),
                self.env._("It is made for %s, which is not in your domain.", ", ".join(facts.names) or facts.subject))
        return Check(name, DONE, cause=self.env._("Enter this name in the connector: %s", facts.names[0]))

    def _relays_checks(self, answer: relay_probe.Answer) -> list[Check]:
        """Return whether the host relays for this server, in its own words if it does not."""
        if not answer.reached:
            return []
        name = self.env._("The connector lets this server send to anyone")
        if not answer.error:
            return [Check(name, DONE)]
        remedy = diagnose(answer.error, protocol="smtp").translated(self.env._)
        return [Check(name, FAILED, remedy.replace(_ADDRESS, self.public_addresses or answer.address or _ADDRESS), words_of(answer.error))]
