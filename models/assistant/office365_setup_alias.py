from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...tools.assistant import alias_proposals
from ...tools.assistant.alias_proposals import Proposal

# Lines that are done while the administrator waits; more are done some at a time, by a dialog that shows how far it is.
_AT_ONCE = 10


class Office365SetupAlias(models.Model):
    """A user, and the alias that the assistant proposes."""

    _name = "office365.setup.alias"
    _description = "Proposed Alias of an Office 365 Set-up"
    _order = "setup_id, rank, id"
    _rec_name = "user_id"

    setup_id = fields.Many2one("office365.setup", required=True, readonly=True, ondelete="cascade", index=True)
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="cascade", index=True)
    rank = fields.Integer(readonly=True)
    email = fields.Char(readonly=True)
    present = fields.Char("Alias Now", readonly=True)
    proposed = fields.Char("Proposed Alias")
    note = fields.Char("Why", readonly=True)
    before = fields.Char("Alias Before", readonly=True)
    state = fields.Selection(
        [("open", "Decide"), ("guess", "Check"), ("ready", "Ready"), ("same", "Has it"), ("set", "Set"), ("invited", "Invited"),
         ("failed", "Failed")],
        "Status", required=True, readonly=True)

    def write(self, vals):
        """Take from a client what it proposes, nothing else."""
        if self.env.su:
            return super().write(vals)
        changes = {"proposed": vals["proposed"], "state": "ready", "note": False} if "proposed" in vals else {}
        self.check_access("write")
        return super(Office365SetupAlias, self.sudo()).write(changes)

    def _replace(self, setup, kept, values: list[dict]) -> None:
        """Replace the lines of a set-up but these by new ones: of thousands of users, in two queries.

        :param values: all of the same fields
        """
        self.flush_model()
        self.env.cr.execute(SQL(
            "DELETE FROM office365_setup_alias WHERE setup_id = %s AND NOT id = ANY(%s)", setup.id, kept.ids))
        names = tuple(values[0]) if values else ()
        if names:
            self.env.cr.execute(SQL(
                """
                INSERT INTO office365_setup_alias (setup_id, create_uid, create_date, write_uid, write_date, %(names)s)
                SELECT %(setup)s, %(uid)s, %(now)s, %(uid)s, %(now)s, %(names)s FROM unnest(%(columns)s) AS line(%(names)s)
                """,
                names=SQL(", ").join(map(SQL.identifier, names)), setup=setup.id, uid=self.env.uid, now=fields.Datetime.now(),
                columns=SQL(", ").join(
                    SQL("%s::%s[]", [line[name] for line in values], SQL(self._fields[name].column_type[0])) for name in names)))
        self.invalidate_model()

    def _words(self, proposal: Proposal) -> dict:
        """Return the state of a proposal, and why it is proposed, as one sentence or two."""
        values = {"address": proposal.address, "by": proposal.taken_by, "domain": proposal.foreign}
        notes = {
            alias_proposals.IN_FORCE: "",
            alias_proposals.PENDING: self.env._("The user has asked for it, and has not confirmed it yet."),
            alias_proposals.EMAIL: self.env._("From the user's email."),
            alias_proposals.LOGIN: self.env._("From the user's login."),
            alias_proposals.LOGIN_NAME: self.env._("Made from the user's login: check that this address exists."),
            alias_proposals.NAME: self.env._("Made from the user's name: check that this address exists."),
            alias_proposals.NONE: self.env._("Nothing could be made from the user's email, login and name: enter an address."),
        }
        sentences = [notes[proposal.source]]
        if proposal.taken_by:
            sentences = [self.env._("%(address)s is also the address of %(by)s: choose who gets it.", **values)]
        if proposal.untagged:
            sentences.append(self.env._("Without what follows the plus: Exchange cannot send as such an address."))
        if proposal.foreign:
            sentences.append(self.env._("The email is of %(domain)s, which Odoo does not send for.", **values))
        if proposal.source == alias_proposals.IN_FORCE:
            state = "same"
        elif not proposal.is_ready:
            state = "open"
        else:
            state = "guess" if proposal.source in alias_proposals.GUESSED else "ready"
        return {
            "state": state, "note": " ".join(filter(None, sentences)),
            "rank": ("open", "guess", "ready", "same").index(state),
        }

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_set(self):
        """Put the proposed aliases of these users in force."""
        return self._act("office365_set", self.env._("Set Aliases"), self.filtered(lambda line: line.state not in ("same", "set")))

    def action_invite(self):
        """Mail these users a link to confirm the proposed alias."""
        return self._act("office365_invite", self.env._("Invite to Confirm"), self.filtered(lambda line: line.state not in ("same", "set")))

    def action_undo(self):
        """Give these users back the alias that they had before."""
        return self._act("office365_undo", self.env._("Undo"), self.filtered(lambda line: line.state == "set"))

    def _act(self, method: str, title: str, lines):
        self.check_access("write")
        if not lines:
            raise UserError(self.env._("There is nothing to do for these users."))
        if len(lines) > _AT_ONCE:
            return {"type": "ir.actions.client", "tag": "mail_office365.batch", "params": {
                "model": self._name, "method": method, "ids": lines.ids, "title": title}}
        result = getattr(lines, method)()
        return {
            "type": "ir.actions.client", "tag": "display_notification", "params": {
                "type": "warning" if result["failed"] else "success", "title": title,
                "message": self.env._("%(done)s done, %(failed)s failed.", **result),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"}}}

    # Some lines at a time: each returns how many were done, and how many were not. What is wrong stands beside the line.

    def office365_set(self) -> dict:
        """Set the aliases of these lines as an administrator does: they are in force at once."""
        def set_one(line):
            line.before = line.user_id.office365_alias_confirmed
            line.user_id.office365_alias = line.proposed
            line.write({"state": "set", "proposed": line.user_id.office365_alias, "present": line.user_id.office365_alias, "note": False})

        result = self._each(set_one)
        for setup in self.setup_id:
            setup._prove("aliases")
        return result

    def office365_invite(self) -> dict:
        """Ask the users of these lines to confirm the alias; until then nothing changes for them."""
        def invite_one(line):
            line.user_id._office365_invite(line.proposed)
            line.write({"state": "invited", "proposed": line.user_id.office365_alias, "note": self.env._(
                "A link was mailed to %s.", line.user_id.office365_alias)})

        return self._each(invite_one)

    def office365_undo(self) -> dict:
        """Put back the aliases before, unless they were changed since."""
        def undo_one(line):
            if line.user_id.office365_alias_confirmed != line.proposed:
                raise UserError(self.env._("The alias was changed since. Nothing was undone."))
            line.user_id.office365_alias = line.before
            line.write({"state": "ready", "present": line.before, "note": self.env._("Undone.")})

        return self._each(undo_one)

    def _each(self, act) -> dict:
        self.check_access("write")
        failed = 0
        for line in self.sudo():
            try:
                with self.env.cr.savepoint():
                    if not (line.proposed or "").strip():
                        raise UserError(self.env._("Enter an address first."))
                    act(line)
            except (ValidationError, UserError) as error:
                failed += 1
                line.write({"state": "failed", "note": str(error)})
        return {"done": len(self) - failed, "failed": failed}
