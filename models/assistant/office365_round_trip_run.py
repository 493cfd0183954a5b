import time
from datetime import datetime, timezone

from markupsafe import Markup
from odoo import models
from odoo.exceptions import UserError

from ...tools.assistant.arrival import OBJECTS, Arrival
from ...tools.assistant.round_trip import SEARCHES, Facts, Finding, broken, is_decided, judge
from ...tools.checks import Check
from ...tools.incoming.filters.proof import HEADER
from .office365_round_trip import WAITING

# Seconds between two looks into the mailbox, by how long somebody has waited. Exchange limits how often it is asked.
_PAUSES = ((20, 2), (60, 4), (float("inf"), 10))


class Office365RoundTrip(models.Model):
    """An email on its way, stage by stage: somebody watches, so that each call does one thing and returns how far it is."""

    _inherit = "office365.round.trip"

    def office365_proceed(self) -> dict:
        """Do what is next, and return how far the email is.

        :return: ``legs`` as :meth:`_progress` says, a sentence on the ``status``, whether it ``is_over``, and seconds to ``wait``
        """
        self.ensure_one().setup_id.check_access("write")
        trip = self.sudo()
        # Whoever else looks after it, does; here is told how far it is.
        if trip.try_lock_for_update(allow_referencing=True):
            if trip.state == "sending":
                trip._send()
            elif trip.state == "waiting":
                trip._look()
        return trip._progress()

    def office365_cancel(self) -> None:
        """Wait no longer; the email proves nothing when it comes."""
        self.ensure_one().setup_id.check_access("write")
        if self.state in WAITING:
            self.sudo().state = "cancelled"

    # ------------------------------------------------------------
    # Out
    # ------------------------------------------------------------

    def _send(self) -> None:
        """Send the email as all mail of Odoo is sent. What is not sent at once is not sent later either: it has told what it had to."""
        facts = dict(self.facts)
        mail = self.env["mail.mail"].create({
            "mail_server_id": self.mail_server_id.id, "email_from": facts["written_as"], "author_id": False, "email_to": self.address,
            "reply_to": facts["written_as"], "subject": self.env._("Proof of the Office 365 set-up (%s)", facts["token"]),
            "body_html": Markup("<p>%s</p>") % self.env._(
                "Odoo sent this email to itself, to prove that email goes out and comes back. You can delete it."),
            "message_id": facts["message_id"], "references": facts["reference"], "auto_delete": True,
            "headers": repr({
                HEADER: f"{self.nonce}-{self._signature(self.nonce)}", OBJECTS: facts["objects"],
                "Auto-Submitted": "auto-generated",  # RFC 3834
                # [MS-OXCMAIL] 2.1.3.2.14: all but NDR, which tells why it did not arrive.
                "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply",
            }),
        })
        self.state = "waiting"
        began = time.time()
        mail.send(auto_commit=True)
        left = mail.exists()
        self.invalidate_recordset()  # others may have taken it in by now
        facts = {**self.facts, "sent_at": time.time(), "sent": "sent"}
        if left and left.state != "sent":
            facts |= self._refusal(left)
            left.cancel()
            left.unlink()
        self.write({"facts": facts, "send_seconds": facts["sent_at"] - began})
        self._conclude()

    def _refusal(self, mail) -> dict:
        """Return what kept a mail from being sent: the server's words, if it has said anything about this mail."""
        said = self.env["office365.delivery"].sudo().search([("message_id", "=", self.facts["message_id"])], limit=1).reply
        first, *rest = (mail.failure_reason or mail.state).splitlines()
        return {
            "sent": "deferred" if mail.state == "outgoing" else "refused", "words": said or first,
            "advice": "\n".join(rest[:-1] if mail.state == "outgoing" else rest)}  # the last line: when it is tried again

    # ------------------------------------------------------------
    # Back
    # ------------------------------------------------------------

    def _look(self) -> None:
        """Fetch, and look for the email elsewhere in the mailbox from time to time."""
        server = self.fetchmail_server_id
        try:
            came = server.office365_fetch_some()
            failure = "" if came["failure"] == server._office365_busy_text() else came["failure"]
        except UserError as error:
            came, failure = {}, str(error)
        self.invalidate_recordset()
        if self.state != "waiting" or self.arrival:
            return
        facts = dict(self.facts)
        facts |= {"failure": failure, "failures": facts.get("failures", 0) + 1 if failure else 0, "remaining": came.get("remaining") or 0}
        due = [each for each in SEARCHES if facts.get("searched", 0) < each <= self._waited()]
        if due and not failure:
            facts |= {"searched": due[-1], **self._elsewhere()}
        self.facts = facts
        self._conclude()

    def _elsewhere(self) -> dict:
        """Return in which folder of the mailbox the email lies, if it lies in one."""
        found = self.fetchmail_server_id._office365_find(HEADER, f"{self.nonce}-")
        if not found:
            return {}
        place, is_fetched = found
        if is_fetched and not self.facts.get("is_there"):
            return {"is_there": True}  # it may have arrived since the last fetch
        return {"folder": place.name, "is_junk": place.is_junk, "is_fetched": is_fetched}

    def _waited(self) -> float:
        """Return the seconds since it was sent, or until the wait ended."""
        facts = self.facts
        return facts.get("waited") or (time.time() - facts["sent_at"] if facts.get("sent_at") else 0.0)

    # ------------------------------------------------------------
    # What is known of it
    # ------------------------------------------------------------

    def _facts(self, *, is_over: bool = False) -> Facts:
        """Return what is known of it. How it left is in the list of deliveries."""
        facts = self.facts or {}
        delivery = self.env["office365.delivery"].sudo().search(
            [("message_id", "=", facts["message_id"]), ("state", "=", "sent")], limit=1)
        arrival = self.arrival and Arrival(**{**self.arrival, "references": tuple(self.arrival["references"])})
        known = {name: facts[name] for name in Facts.__dataclass_fields__ if name in facts and name != "waited"}
        return Facts(
            **known, author=self.author or "", left_as=self._address_of(delivery.email_from), envelope_from=delivery.envelope_from or "",
            waited=self._waited(), arrival=arrival or None, is_over=is_over or self.state in ("done", "failed"))

    def _findings(self) -> list[Finding]:
        return judge(self._facts())

    def _conclude(self, *, is_over: bool = False) -> None:
        """Say what came of it, once nothing is left to wait for.

        :param is_over: nobody waits any more
        """
        if not is_over and not is_decided(self._facts()):
            return
        self.facts = {**self.facts, "waited": self._waited()}
        findings = judge(self._facts(is_over=True))
        finding = broken(findings)
        check = finding and self._check(finding)
        state = "failed" if finding else "done" if self.arrival else self.state
        self.write({"state": state, "leg": finding and finding.leg, "cause": check and check.cause, "remedy": check and check.remedy})
        self.setup_id.sudo()._keep("proof", [self._check(each) for each in findings])
        if state == "done":  # it came by the catch-all
            self.setup_id.sudo()._prove("catch_all")
        self.env["office365.alert"]._look()

    def _progress(self) -> dict:
        """Return how far the email is, as the dialog shows it: each leg with its state, what to do, and seconds if they were
        measured.
        """
        findings, seconds = self._findings(), {"sent": self.send_seconds, "arrived": self.route_seconds, "fetched": self.fetch_seconds}
        facts, is_over = self.facts, self.state not in WAITING
        checks: list[tuple[Finding, Check]] = [(finding, self._check(finding)) for finding in findings]
        return {
            "legs": [{
                "leg": finding.leg, "name": check.name, "state": check.state, "cause": check.cause, "remedy": check.remedy,
                "detail": self._detail(finding),
                "seconds": round(seconds.get(finding.leg, 0), 1) if check.state == "done" and finding.leg in seconds else None,
            } for finding, check in checks],
            "status": self._status_text(), "is_over": is_over, "state": self.state,
            "wait": 0 if is_over or facts.get("remaining") or not facts.get("sent") else next(
                pause for most, pause in _PAUSES if self._waited() < most),
        }

    # ------------------------------------------------------------
    # Arrival
    # ------------------------------------------------------------

    def _arrive(self, arrival: dict, received: datetime | None) -> None:
        """Note how the email came back.

        :param received: when the mailbox received it, UTC; None if it does not say
        """
        now, sent_at = time.time(), self.facts.get("sent_at") or self.facts["began"]
        # Its clock is another one, and tells whole seconds.
        at_mailbox = min(max(received.replace(tzinfo=timezone.utc).timestamp(), sent_at), now) if received else sent_at
        self.write({"arrival": arrival, "route_seconds": at_mailbox - sent_at, "fetch_seconds": now - at_mailbox})
        self._conclude()
