"""Jobs of the benches about size: a queue full of others' mails, and screens of a database with many users. Rows are made by SQL."""
from __future__ import annotations

import time
from unittest.mock import patch

from jobs import OURS, THEIRS, _clear
from odoo import sql_db
from odoo.api import Environment

_OTHER = "other.example"
_SENDERS = 200
_FORM = ("name", "kind", "email", "alias", "alias_state", "email_from", "envelope_from", "why", "probe_state", "remedy")


class _FirstMail(BaseException):
    """Ends a run when its first session is opened; core goes on after an `Exception`."""


def fill_queue(env: Environment, mails: int, noted: bool) -> list[int]:
    """Queue mails of another server by SQL, and one of ours before and behind them if the addon is there; return the ids of the two.

    :param noted: with the route that ``create()`` notes on a mail; without, as a mail has none that was there before
    """
    servers = env["ir.mail_server"].with_context(active_test=False).search([("name", "in", (OURS, THEIRS))])
    servers.write({"active": True})
    servers.filtered(lambda server: server.name == THEIRS).from_filter = _OTHER
    has_addon = "office365_route" in env["mail.mail"]._fields
    first = _one_of_ours(env) if has_addon else 0
    env.flush_all()
    env.cr.execute("""
        INSERT INTO mail_message (message_type, subject, email_from, message_id, body, create_uid, write_uid, create_date, write_date, date)
        SELECT 'email_outgoing', 'Bench foreign', 'Sender <sender' || number %% %(senders)s || '@' || %(other)s || '>',
               '<' || number || '@' || %(other)s || '>', repeat('<p>Some text</p>', 60), 1, 1, now(), now(), now()
          FROM generate_series(1, %(mails)s) AS number
    """, {"senders": _SENDERS, "other": _OTHER, "mails": mails})
    route = "'0/0/' || substring(email_from from '<(.*)>')" if noted else "NULL"
    extra = (", office365_bulk, office365_route", f", TRUE, {route}") if has_addon else ("", "")
    env.cr.execute(f"""
        INSERT INTO mail_mail (mail_message_id, state, email_to, body_html, create_uid, write_uid, create_date, write_date {extra[0]})
        SELECT id, 'outgoing', 'customer@fabrikam.example', body, 1, 1, now(), now() {extra[1]}
          FROM mail_message WHERE subject = 'Bench foreign' ORDER BY id
    """)  # pylint: disable=sql-injection
    latest = _one_of_ours(env) if has_addon else 0
    env.cr.commit()
    env.cr.execute("ANALYZE mail_mail, mail_message")
    return [first, latest]


def _one_of_ours(env: Environment) -> int:
    return env["mail.mail"].create({
        "subject": "Bench ours", "body_html": "<p>Hello</p>", "email_to": "customer@fabrikam.example",
        "email_from": "bench1@contoso.example"}).id


def until_first_mail(env: Environment, ours: list[int], times: int) -> list[dict[str, float]]:
    """Begin so many runs of the queue and end each when its first session is opened.

    :param ours: ids of our oldest and of our latest mail; the run has to take the oldest instead of the latest. 0: there are none
    :return: ``seconds`` and ``queries`` of each
    """
    measured, taken = [], []
    mail_class, server_class = env.registry["mail.mail"], env.registry["ir.mail_server"]
    search = mail_class.search

    def noting(self, *args, **kwargs):
        found = search(self, *args, **kwargs)
        taken.append(set(found._ids))
        return found

    def opened(self, *args, **kwargs):
        raise _FirstMail

    with patch.object(server_class, "_connect__", opened), patch.object(mail_class, "search", noting):
        for number in range(times + 1):
            env.invalidate_all()
            taken.clear()
            queries, started = sql_db.sql_counter, time.monotonic()
            try:
                env["mail.mail"].process_email_queue()
            except _FirstMail:
                seconds, queries = time.monotonic() - started, sql_db.sql_counter - queries
            else:
                raise AssertionError("no session was opened")
            env.cr.rollback()
            if ours[0] and not (ours[0] in taken[-1] and ours[1] not in taken[-1]):
                raise AssertionError("of ours, not the oldest mail was taken")
            if number:  # the first one loads what a process keeps
                measured.append({"seconds": seconds, "queries": queries})
    return measured


def empty_queue(env: Environment) -> None:
    """Remove what :func:`fill_queue` made."""
    servers = env["ir.mail_server"].with_context(active_test=False).search([("name", "in", (OURS, THEIRS))])
    servers.write({"active": False, "from_filter": "contoso.example"})
    _clear(env)
    env.cr.commit()
    env.cr.execute("ANALYZE mail_mail, mail_message")


def make_users(env: Environment, number: int) -> None:
    """Make internal users by SQL, copies of one made by Odoo: half with an e-mail of the server's domain, half of another one."""
    servers = env["ir.mail_server"].with_context(active_test=False).search([("name", "=", OURS)])
    servers.active = True
    model = env["res.users"].with_context(no_reset_password=True).create({
        "name": "Model", "login": "many", "email": "many@contoso.example"})
    env.flush_all()
    made = {"name": "'Many ' || number", "complete_name": "'Many ' || number", "login": "'many' || number"}
    email = "'many' || number || CASE WHEN number %% 2 = 0 THEN '@contoso.example' ELSE '@private.example' END"
    made |= {"email": email, "email_normalized": email, "office365_verified_email": email}
    partners = _copy_of(env, "res_partner", model.partner_id.id, made, number)
    users = _copy_of(env, "res_users", model.id, made | {"partner_id": "(%(first)s::int + number - 1)"}, number, first=partners)
    for table, column in (("res_groups_users_rel", "uid"), ("res_company_users_rel", "user_id")):
        other = {"uid": "gid", "user_id": "cid"}[column]
        env.cr.execute(f"""
            INSERT INTO {table} ({column}, {other})
            SELECT %s + number - 1, {other} FROM {table}, generate_series(1, %s) AS number WHERE {column} = %s
        """, (users, number, model.id))  # pylint: disable=sql-injection
    env.cr.commit()
    env.registry.clear_all_caches()
    env.cr.execute("ANALYZE")


def _copy_of(env: Environment, table: str, row: int, values: dict[str, str], number: int, **parameters: int) -> int:
    """Copy a row so many times; return the id of the first copy."""
    env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'", (table,))
    columns = [name for name, in env.cr.fetchall()]
    chosen = ", ".join(values.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    env.cr.execute(
        f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table}, generate_series(1, %(number)s) AS number "
        f"WHERE id = %(row)s ORDER BY number RETURNING id", {"number": number, "row": row, **parameters})  # pylint: disable=sql-injection
    return min(made for made, in env.cr.fetchall())


def open_screens(env: Environment, times: int) -> dict[str, list[dict[str, float]]]:
    """Open the *Sender Overview* and read its first page, and the form of a company that no server sends for, so many times each."""
    specification = {name: {} for name in _FORM} | {"mail_server_id": {"fields": {"display_name": {}}}}
    domain = env["mail.alias.domain"].create({"name": "unserved.example"})
    company = env["res.company"].create({"name": "Unserved", "alias_domain_id": domain.id})
    env.cr.execute("INSERT INTO res_company_users_rel (cid, user_id) SELECT %s, id FROM res_users WHERE login LIKE 'many%%'", (company.id,))
    env.cr.commit()
    env.registry.clear_all_caches()

    def page() -> None:
        Senders = env["office365.sender"]
        found = Senders.web_search_read(Senders.action_open()["domain"], specification, limit=80)
        if len(found["records"]) != 80 or not all(line["why"] for line in found["records"]):
            raise AssertionError("the page is not complete")

    def form() -> None:
        if not company.office365_sender_notice:
            raise AssertionError("the company form says nothing")

    measured = {}
    for name, work in (("page", page), ("form", form)):
        measured[name] = []
        for number in range(times + 1):
            env.cr.commit()
            env.invalidate_all()
            queries, started = sql_db.sql_counter, time.monotonic()
            work()
            env.flush_all()
            if number:
                measured[name].append({"seconds": time.monotonic() - started, "queries": sql_db.sql_counter - queries})
    return measured


def remove_users(env: Environment) -> None:
    """Take the users of :func:`make_users` out of what follows."""
    env.cr.execute("UPDATE res_users SET active = FALSE WHERE login LIKE 'many%%'")
    env["ir.mail_server"].with_context(active_test=False).search([("name", "=", OURS)]).active = False
    env.cr.commit()
    env.registry.clear_all_caches()
