from odoo import fields, models

from ...tools.checks import TO_DO, Check


class Office365Setup(models.Model):
    """The last step: an email that goes out as a user, through Exchange, and comes back by the catch-all."""

    _inherit = "office365.setup"

    round_trip_ids = fields.One2many("office365.round.trip", "setup_id", "Proofs", readonly=True)

    def _checks_proof(self) -> list[Check]:
        """Return what the last email proved, as long as the set-up is the same; nothing is sent for it."""
        Trips = self.env["office365.round.trip"].sudo()
        last = Trips.search([("setup_id", "=", self.id), ("state", "in", ("done", "failed"))], limit=1)
        if not last or last.inputs != Trips._inputs(self):
            return [Check(self.env._("Round trip"), TO_DO, self.env._("Press Send a Proof."))]
        return [last._check(finding) for finding in last._findings()]

    def action_office365_proof(self):
        """Open the dialog that sends a proof and shows how far it is."""
        self.ensure_one().check_access("write")
        trip = self.env["office365.round.trip"]._begin(self, "proof")
        return {
            "type": "ir.actions.client", "tag": "mail_office365.proof",
            "params": {"trip_id": trip.id, "title": self.env._("Proof: %s", trip._domain(self)), **trip._progress()}}
