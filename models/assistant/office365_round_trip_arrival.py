import dataclasses
from email.message import EmailMessage

from odoo import api, models
from odoo.tools import email_normalize

from ...tools.assistant.arrival import arrival_of
from ...tools.assistant.round_trip import OTHER_SERVER, PROVES
from ...tools.identity.authentication import is_forged
from ...tools.incoming.filters import proof
from ...tools.incoming.filters.delivery_report import DeliveryReport
from ...tools.incoming.filters.proof import Proof
from ...tools.incoming.headers import header_values
from ...tools.incoming.item import Item
from .office365_round_trip import WAITING


class Office365RoundTrip(models.Model):
    """What comes in about a round trip: the email itself, or Exchange's report that it could not be delivered."""

    _inherit = "office365.round.trip"

    @api.model
    def _is_ours(self, message: EmailMessage) -> bool:
        """Tell whether this database signed the mark of a message. Fetched by anything but a server of ours it proves nothing."""
        mark = proof.read(message)
        return bool(mark) and self._is_signed(mark)

    @api.model
    def _take(self, item: Item, mark: Proof, message: EmailMessage) -> None:
        """Take an email with the mark of a proof: it becomes no record, whatever it is worth, and is answered by nobody."""
        slug, trip = self._verdict(mark, item.server_id)
        item.reason = ""  # that Odoo itself has sent it, say
        # The one that proves is processed, so that the mailbox is tidied up as after any other message.
        item.keep("done" if slug == PROVES else "ignored", self._verdict_text(slug))
        if slug == PROVES:
            item.about, item.res_id = self._name, trip.id
            own = self.env["ir.mail_server"]._office365_own().domains
            trip._arrive(dataclasses.asdict(arrival_of(message, trip.address, own)), item.received)
        elif slug == OTHER_SERVER and trip.state in WAITING:
            trip.facts = {**trip.facts, "mailbox": self.env["fetchmail.server"].sudo().browse(item.server_id).display_name}
            trip._conclude()

    @api.model
    def _returned(self, report: DeliveryReport, message: EmailMessage):
        """Take a delivery report about an email on its way; return the row, empty if the report is about something else.

        Only Exchange's: whoever has seen the email could write one as well.
        """
        trips = self.sudo().search([("state", "in", WAITING)])
        trip = trips.filtered(lambda trip: trip.facts.get("message_id") in report.message_ids)[:1]
        failed = next((each for each in report.recipients if each.action == "failed"), None)
        if trip and failed and not is_forged(header_values(message, "Authentication-Results")):
            trip.facts = {**trip.facts, "returned": failed.words or failed.action}
            trip._conclude()
        return trip

    @api.model
    def _address_of(self, email: str | bool) -> str:
        return email_normalize(email or "") or ""
