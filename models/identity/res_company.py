from odoo import api, fields, models
from odoo.tools import SQL, email_normalize

from ...tools.addresses import mailbox_of
from ...tools.identity.preview import Writer

_EXAMPLES = 3
# Users that are looked at: with a few of each domain, those of many domains.
_USERS = 60


class ResCompany(models.Model):
    _inherit = "res.company"

    office365_sender_notice = fields.Text(compute="_compute_office365_sender_notice", compute_sudo=True)

    @api.depends("alias_domain_id")
    def _compute_office365_sender_notice(self):
        """Say that no server sends for a company, before its first mail is lost."""
        self.office365_sender_notice = False
        if self.env["ir.mail_server"]._office365_servers():
            for company in self:
                company.office365_sender_notice = company._origin._office365_notice()

    def _office365_notice(self) -> str | bool:
        """Return what is wrong with the outgoing servers of the company, False if nothing is."""
        default_from = self.default_from_email
        if not self or (default_from and not self._office365_unserved(
                [Writer("company", self.id, default_from, self.env.uid, self.id)])):
            return False  # mail that no server sends for leaves as that address
        unserved = self._office365_unserved([
            Writer("user", user.id, user.email_formatted, user.id, self.id) for user in self._office365_some_users()])
        if not default_from and not unserved:
            return False
        what = (
            self.env._("%(company)s: no outgoing mail server sends as %(address)s, its default From address.",
                       company=self.name, address=default_from)
            if default_from else
            self.env._("%s: it has no default From, and no outgoing mail server sends for its users' addresses.", self.name))
        who = unserved and self.env._("Mail from its users is not sent either, for example from %s.", ", ".join(unserved))
        remedy = self.env._("Add the domain to the FROM Filtering of a server, or choose another Email Domain for the company.")
        return " ".join(filter(None, [what, who, remedy]))

    def _office365_some_users(self):
        """Return users of the company: of all between whom From filters cannot tell a difference, as in `tools.outgoing.route`, a few."""
        Users = self.env["res.users"]
        query = Users._search([("share", "=", False), ("company_ids", "in", self.ids), ("email_normalized", "!=", False)])
        email, alias = (Users._field_to_sql(Users._table, name, query) for name in ("email_normalized", "office365_alias_confirmed"))
        servers = self.env["ir.mail_server"].search([("from_filter", "like", "@")])
        named = [email_normalize(part) for server in servers for part in server._parse_from_filter(server.from_filter) if "@" in part]
        like = [
            SQL("CASE WHEN %s = ANY(%s) THEN %s ELSE split_part(%s, '@', 2) END", address, named, address, address)
            if named else SQL("split_part(%s, '@', 2)", address) for address in (email, alias)]
        rows = self.env.execute_query(SQL(
            """
            SELECT UNNEST((ARRAY_AGG(id ORDER BY id))[:%s]) AS uid FROM (%s) AS users(id, email, alias)
             GROUP BY email, alias ORDER BY uid LIMIT %s
            """,
            _EXAMPLES, query.select("res_users.id", *like), _USERS))
        return Users.browse(user_id for user_id, in rows)

    def _office365_unserved(self, writers: list[Writer]) -> list[str]:
        """Return addresses that no server sends for, a few at most: core warns in the log of each.

        Core then takes any server, even one whose From filter lets other domains pass only.
        """
        IrMailServer = self.env["ir.mail_server"]
        book = self.env["office365.sender"]._book(writers)
        servers = IrMailServer.search([("owner_user_id", "=", False)], order="sequence, id")
        unserved = []
        for writer in writers:
            server, smtp_from = IrMailServer._office365_writing_as(writer, book)._find_mail_server(writer.email_from, servers)
            if not server or not server._match_from_filter(smtp_from, server.from_filter):
                unserved.append(mailbox_of(writer.email_from).address)
            if len(unserved) == _EXAMPLES:
                break
        return unserved
