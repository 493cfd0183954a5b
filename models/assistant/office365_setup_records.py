from odoo import models

from ...const import DEFAULT_CLOUD
from ...tools.assistant.dns_records import Finding, look_up
from ...tools.assistant.public_address import AddressUnusable, Network, networks
from ...tools.assistant.resolver import Resolver
from ...tools.checks import Check


class Office365Setup(models.Model):
    """What the public records of the domain say, in an administrator's words."""

    _inherit = "office365.setup"

    def _resolver(self) -> Resolver:
        """Return what looks names up, for some seconds from now on."""
        return Resolver()

    def _checks_records(self) -> list[Check]:
        """Return the facts of the records that let others trust mail of the domain: MX, SPF, DKIM and DMARC."""
        self.ensure_one()
        if not self.domain:
            return []
        records = look_up(self._resolver(), self.domain, networks=self._networks(), cloud=self.cloud or DEFAULT_CLOUD)
        return [self._record_check(finding) for finding in records.findings]

    def _networks(self) -> list[Network]:
        """Return the public addresses that were entered, those of a relay."""
        try:
            return networks(self.public_addresses or "") if self.preset == "relay" else []
        except AddressUnusable:  # refused when it was entered
            return []

    def _record_check(self, finding: Finding) -> Check:
        """Return a finding as a fact of the set-up."""
        names = {
            "mx": self.env._("MX record of %s", self.domain), "spf": self.env._("SPF record of %s", self.domain),
            "dkim": self.env._("DKIM keys of %s", self.domain), "dmarc": self.env._("DMARC policy of %s", self.domain)}
        cause, remedy = self._record_texts(finding)
        return Check(names[finding.record], finding.state, remedy=remedy, cause=cause)

    def _record_texts(self, finding: Finding) -> tuple[str, str]:
        """Return what was found, and what to do about it."""
        texts = {**self._lookup_sentences(), **self._mail_host_sentences(), **self._spf_sentences(), **self._signature_sentences()}
        cause, remedy = texts[finding.slug]
        return cause % finding.details, remedy % finding.details

    def _lookup_sentences(self) -> dict[str, tuple[str, str]]:
        return {
            "unknown_name": (
                self.env._("The name %(name)s does not exist."),
                self.env._("Check the spelling of the domain, and that it is registered.")),
            "no_answer": (
                self.env._("No name server answered the question for %(name)s in time."),
                self.env._("Check that this server can reach a name server (UDP and TCP port 53), then look it up again.")),
            "refused": (
                self.env._("The name server could not answer the question for %(name)s (SERVFAIL or similar)."),
                self.env._("Ask whoever runs the domain's name servers to check them. A wrong DNSSEC signature is a usual reason.")),
            "loop": (
                self.env._("The alias (CNAME) of %(name)s leads back to itself."),
                self.env._("Correct the CNAME records at your domain's DNS provider.")),
            "bad_name": (
                self.env._("“%(name)s” is not a domain name."),
                self.env._("Enter the domain of your email addresses, such as contoso.com.")),
            "no_resolver": (
                self.env._("This server has no name server configured."),
                self.env._("Ask the administrator of this server to set one up (/etc/resolv.conf).")),
        }

    def _mail_host_sentences(self) -> dict[str, tuple[str, str]]:
        copy = self.env._(
            "Copy the MX host from Microsoft 365 admin center > Settings > Domains > your domain > DNS records into the field MX Host.")
        return {
            "mx_found": (self.env._("%(host)s is the MX host of your tenant."), ""),
            "mx_missing": (self.env._("%(domain)s has no MX record, so it receives no email."), copy),
            "mx_null": (self.env._("%(domain)s says that it receives no email (null MX)."), copy),
            "mx_elsewhere": (
                self.env._(
                    "The MX record leads to %(hosts)s, which is not Exchange Online, for example an email filter in front of it."), copy),
            "mx_no_address": (
                self.env._("The MX host %(host)s has no IPv4 address."),
                self.env._("Compare the MX record with Microsoft 365 admin center > Settings > Domains > your domain > DNS records.")),
            "mx_private": (
                self.env._("This server's name server says that %(host)s is %(address)s, which is not a public address."),
                self.env._("Ask the administrator of your network to let this server look up the public address of that name.")),
        }

    def _spf_sentences(self) -> dict[str, tuple[str, str]]:
        publish = self.env._("Publish this TXT record for your domain in place of the present one: %(line)s")
        return {
            "spf_found": (self.env._("It permits what sends for your domain: %(record)s"), ""),
            "spf_missing": (
                self.env._("%(domain)s has no SPF record, so recipients cannot tell which servers send for it."),
                self.env._("Publish this TXT record for your domain: %(line)s")),
            "spf_several": (
                self.env._("%(what)s has more than one SPF record. Recipients treat them all as invalid."),
                self.env._("Merge them into one record, and delete the others.")),
            "spf_invalid": (
                self.env._("“%(what)s” is not a valid part of an SPF record. Recipients treat the whole record as invalid."),
                self.env._("Correct that part of the record, or of the record that it includes.")),
            "spf_too_many": (
                self.env._("The record needs more than 10 lookups. Recipients treat it as invalid."),
                self.env._("Remove services that no longer send for your domain, or replace their parts by IP addresses.")),
            "spf_include_missing": (
                self.env._("The record includes %(what)s, which has no SPF record. Recipients treat the whole record as invalid."),
                self.env._("Remove that part, or correct its spelling.")),
            "spf_exchange_missing": (
                self.env._("The record does not include Exchange Online (%(include)s), which sends your email to its recipients."),
                publish),
            "spf_address_missing": (
                self.env._("The record does not permit the address of this server: %(addresses)s."), publish),
        }

    def _signature_sentences(self) -> dict[str, tuple[str, str]]:
        dkim = self.env._(
            "Open Defender portal > Email & collaboration > Policies & rules > Threat policies > Email authentication settings > DKIM, "
            "choose your domain, publish the two CNAME records shown there, then switch the signature on.")
        return {
            "dkim_found": (self.env._("Exchange can sign your email: %(name)s has a key."), ""),
            "dkim_missing": (self.env._("%(domain)s has no keys for Exchange, so it signs with the name of your tenant instead."), dkim),
            "dkim_half": (self.env._("%(name)s is missing. Exchange changes to that key from time to time."), dkim),
            "dkim_no_key": (self.env._("%(name)s exists, but leads to no key."), dkim),
            "dmarc_found": (self.env._("Recipients are asked to treat forged email as “%(policy)s”."), ""),
            "dmarc_watches": (
                self.env._("Recipients are asked to deliver forged email as usual (p=none)."),
                self.env._("Nothing is wrong with that while you watch reports. Later, ask for p=quarantine or p=reject.")),
            "dmarc_missing": (
                self.env._("%(domain)s has no DMARC policy. Large providers ask for one."),
                self.env._("Publish this TXT record for _dmarc.%(domain)s, once SPF and DKIM are in order: v=DMARC1; p=none")),
            "dmarc_several": (
                self.env._("%(name)s has more than one DMARC policy. Recipients use none of them."), self.env._("Delete all but one.")),
            "dmarc_invalid": (
                self.env._("The policy at %(name)s says nothing that recipients can act on: %(record)s"),
                self.env._("It needs p=none, p=quarantine or p=reject.")),
        }
