"""Jobs of the bench about the email log: many lines made by SQL, and what people look for in them."""
from __future__ import annotations

import time

from odoo import sql_db
from odoo.api import Environment

_SHOWN = ("date", "state", "recipients", "subject", "cause", "user_id")
#: What is looked for: the first page, what failed, and a customer or a subject that few, or none, have.
SEARCHES = {
    "first page": [], "what failed": [("state", "in", ("failed", "bounced"))],
    "a customer by name": [("recipients", "ilike", "Carla of the Log")],
    "a part of an address": [("recipients", "ilike", "4711@fabrik")], "a part that no address has": [("recipients", "ilike", "nowhere")],
    "a part that all addresses have": [("recipients", "ilike", "abrikam")], "a domain": [("recipients", "ilike", "@fabrikam7.example")],
    "a word of the subject": [("subject", "ilike", "Offer 4711")],
    "a word that no subject has": [("subject", "ilike", "nowhere to be found")],
}


def fill(env: Environment, emails: int) -> None:
    """Make lines of the last 30 days with a recipient and an attempt each; one of twenty failed."""
    env["res.partner"].create({"name": "Carla of the Log", "email": "customer4711@fabrikam11.example"})
    env.flush_all()
    env.cr.execute("""
        WITH line AS (
            INSERT INTO office365_email (message_id, date, since, user_id, company_id, email_from, subject, kind, state, cause, reply)
            SELECT '<' || n || '@log.example>', at, at, 2, %(company)s, 'User <user@contoso.example>',
                   'Offer ' || n || ' of a customer who has asked for it', 'mail', CASE WHEN n %% 20 = 0 THEN 'failed' ELSE 'sent' END,
                   CASE WHEN n %% 20 = 0 THEN 'recipient_unknown' END, '250 2.0.0 OK <' || n || '@TST2P000MB0001.outlook.example>'
              FROM (SELECT n, now() AT TIME ZONE 'UTC' - n * interval '30 days' / %(emails)s AS at
                      FROM generate_series(1, %(emails)s) AS n) AS numbered
            RETURNING id, message_id, state, date, user_id
        ), recipient AS (
            INSERT INTO office365_email_recipient (email_id, address, state)
            SELECT id, 'customer' || split_part(substr(message_id, 2), '@', 1) || '@fabrikam' || id %% 100 || '.example', state FROM line
        )
        INSERT INTO office365_delivery (email_id, message_id, state, date, user_id, recipient_count)
        SELECT id, message_id, state, date, user_id, 1 FROM line
    """, {"emails": emails, "company": env.company.id})
    env.cr.execute("UPDATE office365_email_recipient SET address = 'customer4711@fabrikam11.example' WHERE address LIKE 'customer4711@%%'")
    env.cr.commit()
    env.cr.execute("ANALYZE office365_email, office365_email_recipient, office365_delivery")
    env.cr.commit()


def search(env: Environment, times: int) -> dict[str, list[dict[str, float]]]:
    """Read the page of each search so many times, as an administrator with the rules of companies.

    :return: by name of the search ``seconds`` of the whole call, ``database`` seconds in it, and ``queries``
    """
    Emails = env["office365.email"].with_user(env.ref("base.user_admin"))
    specification = {name: {} for name in _SHOWN} | {"user_id": {"fields": {"display_name": {}}}}
    spent, execute = [0.0], sql_db.Cursor.execute

    def timed(cursor, *args, **kwargs):
        started = time.monotonic()
        try:
            return execute(cursor, *args, **kwargs)
        finally:
            spent[0] += time.monotonic() - started

    measured: dict[str, list[dict[str, float]]] = {}
    sql_db.Cursor.execute = timed
    try:
        for name, domain in SEARCHES.items():
            measured[name] = []
            for number in range(times + 1):
                env.invalidate_all()
                spent[0], queries, started = 0.0, sql_db.sql_counter, time.monotonic()
                Emails.web_search_read(domain, specification, limit=80, count_limit=10001)
                if number:
                    measured[name].append({
                        "seconds": time.monotonic() - started, "database": spent[0], "queries": sql_db.sql_counter - queries})
    finally:
        sql_db.Cursor.execute = execute
    return measured


def empty(env: Environment) -> None:
    """Remove what :func:`fill` made."""
    env.cr.execute("DELETE FROM office365_email WHERE message_id LIKE '%%@log.example>'")
    env.cr.commit()
