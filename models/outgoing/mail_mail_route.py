from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize

from ...tools.outgoing.route import Route
from ...tools.prefetch import PREFETCH
from ...tools.sending import Sending

# Fields of the message that the choice of a server depends on.
_DEPENDS = {"email_from", "mail_server_id", "record_alias_domain_id"}
# Mails without a route that are looked at in a run: those of before a server was ours, or written by SQL.
_UNROUTED = 2000


class MailMail(models.Model):
    """Which mails a run of the queue takes: of ours the oldest, found in a time that does not depend on how many others wait."""

    _inherit = "mail.mail"

    office365_route = fields.Char(
        readonly=True, copy=False, prefetch=PREFETCH,
        help="What the choice of the server depends on, copied from the message. Empty: read from the message.")

    _office365_routes = models.Index("(office365_route, COALESCE(office365_bulk, FALSE), id) WHERE state = 'outgoing'")

    @api.model
    def _office365_note_routes(self, vals_list: list[dict]) -> None:
        """Note the routes of mails that are about to be made, if a server is ours."""
        if self.env["ir.mail_server"]._office365_in_use():
            for vals in vals_list:
                vals["office365_route"] = self._office365_route_in(vals)

    def _office365_route_in(self, vals: dict) -> str | None:
        """Return the route of a mail that is about to be made, None if its values do not tell."""
        message = self.env["mail.message"].sudo().browse(vals.get("mail_message_id") or ())
        if not message and ("email_from" not in vals or any(f"default_{name}" in self.env.context for name in _DEPENDS)):
            return None  # the message finds its own

        def value(name: str):
            found = vals[name] if name in vals else message[name]
            return found.id if isinstance(found, models.BaseModel) else found

        return _route(value("mail_server_id"), value("record_alias_domain_id"), value("email_from")).text

    # ------------------------------------------------------------
    # Queue
    # ------------------------------------------------------------

    @api.model
    def _office365_to_send(self, domain, found, limit: int | None):
        """Return what a run takes of the queue, given what core found."""
        mails = self.with_context(**Sending.noted(self.env.context, is_queue=False))
        return found.with_env(mails.env) if len(found) < (limit or 0) else mails._office365_oldest(domain, found, limit)

    def _office365_oldest(self, domain, found, limit: int):
        """Replace our mails among the newest that core found by as many of the oldest; those of other servers stay.

        With more mails in the queue than core takes at a time, its newest first means that the oldest never go.
        """
        routes, rows = self._office365_look(found.ids)
        choice = self.env["ir.mail_server"]._office365_choice(
            {route.address for route in routes} | {route.address for _id, route, _creator in rows} - {""})
        if all(choice.servers.mapped("office365_preset")):
            return self.search(domain, limit=limit, order="office365_bulk, id")
        ours = self.env["ir.mail_server"]._office365_own().servers
        of_ours = [mail_id for mail_id, route, creator in rows if choice.server(route, creator).id in ours]
        newest = self.browse(of_ours) & found.with_env(self.env)
        if not newest:
            return found.with_env(self.env)
        query = self._search(Domain(domain) & self._office365_routed(routes, choice, ours, of_ours))
        oldest = self.env.execute_query(SQL(
            # Materialized: what is ours is found by its routes. In the order of the queue, all that is others' would be passed.
            "WITH ours AS MATERIALIZED (%s) SELECT id FROM ours ORDER BY bulk, id LIMIT %s",
            query.select("mail_mail.id", SQL("COALESCE(mail_mail.office365_bulk, FALSE) AS bulk")), len(newest)))
        return found.with_env(self.env) - newest + self.browse(mail_id for mail_id, in oldest)

    def _office365_look(self, ids: list[int]) -> tuple[list[Route], list[tuple[int, Route, int]]]:
        """Look at the queue by its routes, in one query.

        :param ids: mails to be looked at one by one
        :return: all routes of queued mails; and id, route and who made the message, of these mails and of the oldest that have no route
        """
        self.flush_model(["state", "scheduled_date", "office365_route", "office365_bulk", "mail_message_id"])
        self.env["mail.message"].flush_model(_DEPENDS)
        found = self.env.execute_query(SQL(
            """
            WITH RECURSIVE route(name) AS (  -- from each to the next, in the index: as many steps as there are routes
                SELECT MIN(office365_route) FROM mail_mail WHERE state = 'outgoing'
             UNION ALL
                SELECT (SELECT MIN(office365_route) FROM mail_mail WHERE state = 'outgoing' AND office365_route > route.name)
                  FROM route WHERE route.name IS NOT NULL
            ), unrouted AS (
                SELECT id FROM mail_mail
                 WHERE state = 'outgoing' AND office365_route IS NULL AND (scheduled_date IS NULL OR scheduled_date <= %(now)s)
                 ORDER BY office365_route, COALESCE(office365_bulk, FALSE), id LIMIT %(unrouted)s
            ), looked_at AS (
                SELECT id FROM unrouted UNION SELECT unnest(%(ids)s)
            )
            SELECT NULL, name, NULL, NULL, NULL, NULL FROM route WHERE name IS NOT NULL
         UNION ALL
            SELECT mail.id, mail.office365_route, message.mail_server_id, message.record_alias_domain_id, message.email_from,
                   message.create_uid
              FROM looked_at JOIN mail_mail mail ON mail.id = looked_at.id JOIN mail_message message ON message.id = mail.mail_message_id
            """, now=fields.Datetime.now(), unrouted=_UNROUTED, ids=ids))
        routes, rows = [], []
        parsed = {}
        for mail_id, text, *message, creator in found:
            key = text or tuple(message)
            if key not in parsed:
                parsed[key] = Route.parse(text) if text else _route(*message)
            if mail_id:
                rows.append((mail_id, parsed[key], creator))
            else:
                routes.append(parsed[key])
        return routes, rows

    @api.model
    def _office365_routed(self, routes: list[Route], choice, ours: frozenset[int], ids: list[int]) -> Domain:
        """Return the condition that a server of ours is chosen for a mail.

        :param routes: all routes of queued mails
        :param ids: mails without a route for which that is known
        """
        plain, domain = [], Domain("id", "in", ids)
        for route in routes:
            owners = [] if route.server else choice.owners(route.address)
            mine = [owner for owner in owners if choice.server(route, owner).id in ours]
            is_mine = choice.server(route).id in ours
            if len(mine) == (len(owners) if is_mine else 0):
                plain += [route.text] * is_mine
            else:  # it depends on who wrote it
                writers = [owner for owner in owners if owner not in mine] if is_mine else mine
                domain |= Domain("office365_route", "=", route.text) & Domain(
                    "mail_message_id.create_uid", "not in" if is_mine else "in", writers)
        return domain | Domain("office365_route", "in", plain)


class MailMessage(models.Model):
    _inherit = "mail.message"

    def _office365_forget_routes(self, vals: dict) -> None:
        """Forget the routes of these messages' mails after a write that may have changed them."""
        if not _DEPENDS.isdisjoint(vals) and self.env["ir.mail_server"]._office365_in_use():
            mails = self.env["mail.mail"].sudo().search([("mail_message_id", "in", self.ids), ("office365_route", "!=", False)])
            mails.office365_route = False


def _route(server: int | None, alias_domain: int | None, email_from: str | None) -> Route:
    """Return the route of a message; of several addresses in From the first one counts, as in core."""
    return Route(server or 0, alias_domain or 0, email_normalize(email_from, strict=False) or "")
