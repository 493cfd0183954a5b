from odoo import models

from ...tools.assistant.round_trip import CANCELLED, FOREIGN, FORGED, LATE, OTHER_SERVER, PROVES, REPLAYED, Finding
from ...tools.checks import DONE, FAILED, Check
from ...tools.diagnosis.reader import diagnose
from ...tools.servers.powershell import quote


class Office365RoundTrip(models.Model):
    """What people read of a round trip: each finding in a sentence, and what to do about it."""

    _inherit = "office365.round.trip"

    def _check(self, finding: Finding) -> Check:
        """Return a finding as the steps of the set-up show facts."""
        name = dict(self._fields["leg"]._description_selection(self.env))[finding.leg]
        cause, remedy = self._failed_text(finding) if finding.state == FAILED else ("", "")
        return Check(name, finding.state, remedy, cause)

    def _detail(self, finding: Finding) -> str:
        """Return what was found of a leg that is as it should be."""
        if finding.state != DONE:
            return ""
        if finding.slug == "internal":
            return self.env._("Signed in to the tenant")
        if finding.leg == "authentication":
            return ", ".join(f"{name}={result}" for name, result in finding.values.items())
        return finding.values.get("address", "")

    def _failed_text(self, finding: Finding) -> tuple[str, str]:
        """Return what is wrong with a leg, and what to do about it."""
        return {
            "sent": self._sent_text, "author": self._author_text, "envelope": self._envelope_text, "arrived": self._arrived_text,
            "recipient": self._recipient_text, "authentication": self._authentication_text, "headers": self._headers_text,
            "fetched": self._fetched_text,
        }[finding.leg](finding)

    def _sent_text(self, finding: Finding) -> tuple[str, str]:
        words = finding.values["words"]
        diagnosis = diagnose(words, protocol="smtp")
        remedy = (self.facts or {}).get("advice") or ""
        if diagnosis.cause != "unknown":
            remedy = self.mail_server_id._office365_remedy_text(diagnosis, sender=self.author or "", recipient=self.address or "")
        if finding.slug == "deferred":
            return self.env._("The email could not be sent now: %s", words), remedy
        return self.env._("The email was refused: %s", words), remedy

    def _author_text(self, finding: Finding) -> tuple[str, str]:
        if finding.slug == "left_otherwise":
            return self.env._("Odoo sent the email from %(address)s instead of %(wanted)s.", **finding.values), self.env._(
                "Open the Sender Overview: it says why. Either the From filter of the server leaves the address out, or the address is "
                "not confirmed.")
        return self.env._("The email arrived from %(address)s, but was sent from %(wanted)s.", **finding.values), self.env._(
            "Exchange replaced the address. If both are addresses of one mailbox, allow sending from aliases in Exchange Online "
            "PowerShell: Set-OrganizationConfig -SendFromAliasEnabled $true")

    def _envelope_text(self, finding: Finding) -> tuple[str, str]:
        return self.env._("The envelope sender arrived as %(address)s, but was %(wanted)s.", **finding.values), self.env._(
            "A mail flow rule or a connector sends the email on instead of redirecting it. Use the action “Redirect the message to” in "
            "the catch-all rule.")

    def _arrived_text(self, finding: Finding) -> tuple[str, str]:
        values, domain = {**finding.values}, (self.address or "").rpartition("@")[2]
        from_inside = self.env._(
            "The proof is sent from inside the tenant: the rule must have no condition on where the sender is, such as Outside the "
            "organization. Emails that your colleagues write in Outlook need that, too.")
        catch_all = self.env._(
            "Set up the catch-all for %(domain)s (step Catch-all in Exchange): an accepted domain of type Internal relay, and a rule that "
            "redirects mail for unknown addresses to %(mailbox)s.", domain=domain, mailbox=self.fetchmail_server_id.user or "")
        if (self.facts or {}).get("is_inside"):
            catch_all = f"{catch_all}\n{from_inside}"
        texts = {
            "recipient_unknown": lambda: (
                self.env._("Exchange returned the email: it knows no such recipient. It said: %(words)s", **values), catch_all),
            "routing_loop": lambda: (
                self.env._("Exchange returned the email: it went round in circles. It said: %(words)s", **values), catch_all),
            "returned": lambda: (
                self.env._("Exchange returned the email. It said: %(words)s", **values),
                self.mail_server_id._office365_remedy_text(
                    diagnose(values["words"], protocol="smtp"), sender=self.author or "", recipient=self.address or "")),
            "other_mailbox": lambda: (
                self.env._("The email reached another mailbox: %(mailbox)s fetched it.", **values),
                self.env._("Let the catch-all rule redirect to %s, or choose the other incoming mail server in this set-up.",
                           self.fetchmail_server_id.user or "")),
            "junk": lambda: (
                self.env._("The email is in the folder %(folder)s of the mailbox: Exchange takes it for junk.", **values),
                self.env._(
                    "Switch off the junk filter of the mailbox in Exchange Online PowerShell: Set-MailboxJunkEmailConfiguration %s "
                    "-Enabled $false", quote(self.fetchmail_server_id.user or ""))),
            "folder": lambda: (
                self.env._("The email is in the folder %(folder)s of the mailbox, which Odoo does not fetch from.", **values),
                self.env._(
                    "An inbox rule of the mailbox moves it. Delete the rule in Outlook, or choose the folder on the incoming mail "
                    "server.")),
            "nowhere": lambda: (
                self.env._("Exchange accepted the email, but it did not reach the mailbox within %(seconds)s seconds.", **values),
                self.env._(
                    "Look for the email in the Exchange admin center under Mail flow > Message trace (recipient %(address)s): the rule may "
                    "redirect it elsewhere, or it may be in quarantine.\n%(catch_all)s", address=self.address, catch_all=catch_all)),
        }
        return texts[finding.slug]()

    def _recipient_text(self, finding: Finding) -> tuple[str, str]:
        cause = self.env._("No header of the email names %s any more, so Odoo cannot tell which alias it was for.", self.address)
        return cause, self.env._(
            "A rule or a connector replaces the recipient in the headers. Use the action “Redirect the message to” in the catch-all rule: "
            "it leaves To as it is.")

    def _authentication_text(self, finding: Finding) -> tuple[str, str]:
        if finding.slug == "untold":
            cause = self.env._("Exchange does not say whether the sender is genuine: there is no Authentication-Results header.")
            return cause, self.env._(
                "Without it, Odoo does not attribute email to your users. A rule that removes headers, or another mail gateway before the "
                "mailbox, is the usual reason.")
        return self.env._("Exchange does not confirm the sender: %(results)s.", **finding.values), self.env._(
            "Check the SPF record of the domain (v=spf1 include:spf.protection.outlook.com -all, with the address of this server if it "
            "relays) and switch on DKIM in the Microsoft Defender portal under Email authentication settings.")

    def _headers_text(self, finding: Finding) -> tuple[str, str]:
        return self.env._("These headers did not arrive as they were sent: %(names)s.", **finding.values), self.env._(
            "Odoo finds the record of a reply by them. Look for a mail flow rule, a connector or a mail gateway that rewrites headers.")

    def _fetched_text(self, finding: Finding) -> tuple[str, str]:
        if finding.slug == "missed":
            cause = self.env._("The email is in the folder %(folder)s of the mailbox, but Odoo did not fetch it.", **finding.values)
            return cause, self.env._(
                "Open the incoming mail server and choose Compare with Mailbox: it says what is not fetched.")
        words = finding.values["words"]
        diagnosis = diagnose(words, protocol=self.fetchmail_server_id._get_connection_type() if self.fetchmail_server_id else None)
        first, _newline, rest = words.partition("\n")
        return first, rest or self.fetchmail_server_id._office365_remedy_text(diagnosis)

    def _status_text(self) -> str:
        """Return in one sentence how far the email is; screen readers say it."""
        facts = self.facts or {}
        if self.state == "done":
            return self.env._("The email went out and came back in %s seconds. Everything is as it should be.", round(self.seconds, 1))
        if self.state == "failed":
            return self.env._("The proof failed at “%s”. What to do is written there.", dict(
                self._fields["leg"]._description_selection(self.env)).get(self.leg, ""))
        if self.state == "cancelled":
            return self.env._("The proof was cancelled.")
        if self.state == "sending":
            return self.env._("Odoo is sending the email…")
        if facts.get("remaining"):
            return self.env._("Odoo is fetching older emails first: %s left.", facts["remaining"])
        if facts.get("failure"):
            return self.env._("The mailbox could not be read. Odoo is trying again…")
        return self.env._("Exchange accepted the email. Odoo is waiting for it in the mailbox…")

    def _verdict_text(self, slug: str) -> str:
        """Return what is kept of an email with the mark of a proof."""
        return {
            PROVES: self.env._("The proof of a set-up: this database sent it, and it came back."),
            FORGED: self.env._(
                "This email says that it is the proof of a set-up, but this database did not sign it. It proves nothing and becomes no "
                "record."),
            FOREIGN: self.env._(
                "This email is signed as the proof of a set-up, but this database has not sent it: a copy of the database did, or it was "
                "sent long ago. It proves nothing."),
            OTHER_SERVER: self.env._("The proof of a set-up came to this mailbox, but another incoming mail server was to fetch it."),
            REPLAYED: self.env._("A copy of the proof of a set-up, which has come back before. It proves nothing again."),
            LATE: self.env._("The proof of a set-up came back too late to count."),
            CANCELLED: self.env._("The proof of a set-up came back after somebody had cancelled it."),
        }[slug]
