import uuid
from collections.abc import Iterable

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.addresses import mailbox_of
from ..tools.outgoing.route import Route

_MODELS = {"user": "res.users", "domain": "mail.alias.domain", "company": "res.company"}
# Found out by preparing a message, which takes a millisecond.
_FOUND_OUT = ("mail_server_id", "email_from", "address", "asked_for", "envelope_from", "why", "probe_id")
# Fields whose values are not in the database until then. The server is: it is the same for many, and the screen is opened by server.
_LATE = {*_FOUND_OUT, "probe_state", "probe_date", "probe_explanation", "remedy"} - {"mail_server_id"}
_COLUMNS = ("kind", "record_id", "user_id", "name", "email", "alias", "alias_state", "mail_server_id")


class Office365Sender(models.TransientModel):
    """When the lines are made, and when their values are found out: of the lines that are read, or of all to search or sort by them."""

    _inherit = "office365.sender"

    @api.model
    def _fill(self) -> str:
        """Make the lines of one opening of the screen and return its key; Odoo sweeps older ones away."""
        opening, now = uuid.uuid4().hex, fields.Datetime.now()
        columns = zip(*(self._user_lines() + self._database_lines()), strict=True)
        self.env.cr.execute(SQL(
            """
            INSERT INTO office365_sender (opening, create_uid, create_date, write_uid, write_date, %(names)s)
            SELECT %(opening)s, %(uid)s, %(now)s, %(uid)s, %(now)s, %(names)s
              FROM unnest(%(columns)s) WITH ORDINALITY AS line(%(names)s, place) ORDER BY place
            """,
            names=SQL(", ").join(map(SQL.identifier, _COLUMNS)), opening=opening, uid=self.env.uid, now=now,
            columns=self._arrays(_COLUMNS, columns)))
        return opening

    @api.model
    def _user_lines(self) -> list[tuple]:
        Users = self.env["res.users"].sudo()
        query = Users._search([("share", "=", False)], order=Users._order)
        rows = self.env.execute_query(query.select(*(Users._field_to_sql(Users._table, name, query) for name in (
            "id", "name", "email_normalized", "office365_alias", "office365_alias_confirmed", "company_id"))))
        choice = self.env["ir.mail_server"]._office365_choice({email for _id, _name, email, *_rest in rows if email})
        alias_domain = {company.id: company.alias_domain_id.id or 0 for company in self.env["res.company"].sudo().search([])}
        lines = []
        for user_id, name, email, alias, confirmed, company_id in rows:
            server = email and choice.server(Route(0, alias_domain.get(company_id, 0), email), user_id, company_id).id
            state = alias and ("confirmed" if alias == confirmed else "pending")
            lines.append(("user", user_id, user_id, name, email, alias, state, server or None))
        return lines

    @api.model
    def _database_lines(self) -> list[tuple]:
        found = self._previews(self._writer(kind, record) for kind in ("domain", "company") for record in self._records(kind))
        lines = []
        for writer, out in found:
            author = mailbox_of(writer.email_from)
            name = self.env[_MODELS[writer.kind]].sudo().browse(writer.record_id).name
            lines.append((writer.kind, writer.record_id, None, name, author and author.address, None, None, out.server_id))
        return lines

    # ------------------------------------------------------------
    # Values of the lines that are read
    # ------------------------------------------------------------

    def _fetch_query(self, query, fields):
        """Find out what is not known of the lines that are read. It is not written down: reading may be done at a replica."""
        if _LATE.isdisjoint(field.name for field in fields):
            return super()._fetch_query(query, fields)
        needed = (self._fields[name] for name in ("kind", "record_id", *_FOUND_OUT))
        lines = super()._fetch_query(query, list(dict.fromkeys([*fields, *needed])))
        for line, values in lines.filtered(lambda line: not line.why)._found_out():
            for name, value in zip(_FOUND_OUT, values, strict=True):
                field = self._fields[name]
                field._update_cache(line, field.convert_to_cache(value, line))
        return lines

    def _found_out(self) -> list[tuple]:
        """Return these lines, each with the values of `_FOUND_OUT`, in that order; without those whose record is gone."""
        writers = []
        for kind, model in _MODELS.items():
            ids = {line.record_id for line in self if line.kind == kind}
            writers += [self._writer(kind, record) for record in ids and self.env[model].sudo().browse(ids).exists()]
        found = self._previews(writers) if writers else []
        probes = self.env["office365.probe"].sudo().search([("mail_server_id", "in", [out.server_id for _writer, out in found])])
        probe_of = {(probe.mail_server_id.id, probe.address): probe.id for probe in probes}
        values = {
            (writer.kind, writer.record_id): (
                out.server_id, out.header_from, out.address, out.asked_for, out.envelope_from, out.why,
                probe_of.get((out.server_id, out.asked_for)))
            for writer, out in found
        }
        return [(line, values[line.kind, line.record_id]) for line in self if (line.kind, line.record_id) in values]

    # ------------------------------------------------------------
    # Values of all lines
    # ------------------------------------------------------------

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        self._find_out_for(domain, (order or "").split(","))
        return super()._search(domain, offset=offset, limit=limit, order=order, **kwargs)

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        self._find_out_for(domain, [*groupby, *aggregates])
        return super()._read_group(domain, groupby, aggregates, having, offset, limit, order)

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        self._find_out_for(domain, [*(name for names in grouping_sets for name in names), *aggregates])
        return super()._read_grouping_sets(domain, grouping_sets, aggregates, order)

    @api.model
    def _find_out_for(self, domain, terms: list[str]) -> None:
        """Write down what is not known yet, if the database is asked for it.

        :param terms: names of fields, each with what may follow it in an order or a grouping
        """
        conditions = list(Domain(domain).iter_conditions())
        names = [*terms, *(condition.field_expr for condition in conditions)]
        if _LATE.isdisjoint(name.strip().partition(" ")[0].partition(":")[0].partition(".")[0] for name in names):
            return
        openings = [condition.value for condition in conditions if (condition.field_expr, condition.operator) == ("opening", "=")]
        unknown = self.env.execute_query(SQL(
            "SELECT id FROM office365_sender WHERE why IS NULL AND (opening = ANY(%s) OR %s)", openings, not openings))
        lines = self.sudo().browse(line_id for line_id, in unknown)
        lines.fetch(["kind", "record_id"])
        if not (found := lines._found_out()):
            return
        names = ("id", *_FOUND_OUT)
        self.env.cr.execute(SQL(
            "UPDATE office365_sender SET %(set)s FROM unnest(%(columns)s) AS found(%(names)s) WHERE office365_sender.id = found.id",
            set=SQL(", ").join(SQL("%s = found.%s", SQL.identifier(name), SQL.identifier(name)) for name in _FOUND_OUT),
            columns=self._arrays(names, zip(*((line.id, *values) for line, values in found), strict=True)),
            names=SQL(", ").join(map(SQL.identifier, names))))
        self.invalidate_model()

    def _arrays(self, names: Iterable[str], columns: Iterable[tuple]) -> SQL:
        """Return the values of fields, column by column, as arguments of ``unnest``."""
        return SQL(", ").join(
            SQL("%s::%s[]", list(values), SQL(self._fields[name].column_type[0])) for name, values in zip(names, columns, strict=True))

    @api.model
    def _show_probes(self, probes) -> None:
        """Show results in the lines that had none; a line that is found out later finds its own."""
        for probe in probes:
            self.env.cr.execute(SQL(
                "UPDATE office365_sender SET probe_id = %s WHERE mail_server_id = %s AND asked_for = %s AND probe_id IS NULL",
                probe.id, probe.mail_server_id.id, probe.address))
        self.invalidate_model()
