"""What a bench does inside Odoo: each function is run in a process of its own, by `tests/workers.py`, and then committed."""
from __future__ import annotations

import contextlib
import cProfile
import re
import time
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import sql_db
from odoo.api import Environment

OURS, THEIRS = "ours", "theirs"
_CUSTOMER = "customer@fabrikam.example"
_TEXT = "<p>A line of text, as there are many in a letter.</p>" * 20
_CREATED_AT_ONCE = 500
#: Fields that limit how fast or how much a server of ours sends; all benches but `limits` measure the way there, not a limit.
_LIMITS = ("office365_rate_limit", "office365_daily_limit")


def prepare(env: Environment, host: str, port: int, login: str, password: str, users: int) -> None:
    """Make users, and two servers at the same address: one that is ours, if the addon is installed, and one that is not.

    Without the addon the other one is nobody's: core itself does more where there are two.
    """
    env["ir.mail_server"].search([]).active = False
    env.company.alias_domain_id = env["mail.alias.domain"].create({"name": "contoso.example"})
    env["res.users"].with_context(no_reset_password=True).create([
        {"name": f"User {number}", "login": f"bench{number}", "email": f"bench{number}@contoso.example"} for number in range(users)
    ])
    # Without a filter for the users' domain, core sends everything as the notifications address.
    at = {
        "from_filter": "contoso.example", "smtp_host": host, "smtp_port": port, "smtp_user": login, "smtp_pass": password, "active": False,
    }
    Server = env["ir.mail_server"]
    plain = {"smtp_encryption": "starttls_strict", "smtp_authentication": "login", **at}
    Server.create({"name": THEIRS, **plain})
    if "office365_preset" in Server:
        unlimited = {name: 0 for name in _LIMITS if name in Server}
        Server.create({"name": OURS, "office365_preset": "submission", **unlimited, **at})
    else:
        Server.create({"name": OURS, **plain})


def remove_ours(env: Environment) -> None:
    """Have no server of ours in the database, and as many others as before."""
    servers = env["ir.mail_server"].with_context(active_test=False)
    servers.search([("name", "=", OURS)]).unlink()
    servers.search([("name", "=", THEIRS)]).copy({"name": OURS})


def move(env: Environment, port: int) -> None:
    """Let both servers be reached at another port."""
    env["ir.mail_server"].with_context(active_test=False).search([("name", "in", (OURS, THEIRS))]).smtp_port = port


def send(
    env: Environment, server: str, mails: int, users: int, profile: str = "", beside: bool = False, limits: bool = False,
) -> dict[str, float]:
    """Queue mails and let the mail cron send them.

    :param server: name of the server that is used
    :param users: number of users who send
    :param beside: the other server is not archived meanwhile; it would be chosen second
    :param limits: the server has the limits of its preset; mails are made one by one, as those of a mass mailing may use two thirds of them
    :param profile: file for what `cProfile` finds out; the times are useless then
    :return: ``seconds`` and ``cpu`` (of this process) that the cron took, ``queries`` and ``batches`` it made, ``sent`` mails,
        ``memory`` before and ``peak`` during its run (bytes)
    """
    servers = env["ir.mail_server"].with_context(active_test=False).search([("name", "in", (OURS, THEIRS))])
    used = servers.filtered(lambda record: record.name == server)
    servers.write({"active": beside, "sequence": 20})
    used.write({"active": True, "sequence": 10})
    env.cr.commit()
    _queue(env, 1, 1)  # whatever is loaded at the first mail of a process is loaded now
    _run(env)
    _clear(env)
    _queue(env, mails, users, at_once=1 if limits else _CREATED_AT_ONCE)
    if limits:
        from odoo.addons.mail_office365.const import OUTGOING_PRESETS  # where there is no addon, the other jobs do without

        preset = OUTGOING_PRESETS["submission"]
        used.write(dict(zip(_LIMITS, (preset.rate, preset.daily), strict=True)))
        env.cr.commit()
    env.invalidate_all()
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here on
    queries, started, cpu = sql_db.sql_counter, time.monotonic(), time.process_time()
    with cProfile.Profile() if profile else contextlib.nullcontext() as profiler:
        batches = _run(env)
    if profile:
        profiler.dump_stats(profile)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    measured = {
        "seconds": seconds, "cpu": cpu, "queries": sql_db.sql_counter - queries, "batches": batches,
        "sent": env["mail.mail"].search_count([("state", "=", "sent")]), "memory": before, "peak": _memory("VmHWM"),
    }
    if limits:
        used.write(dict.fromkeys(_LIMITS, 0))
    _clear(env)
    return measured


def _queue(env: Environment, mails: int, users: int, at_once: int = _CREATED_AT_ONCE) -> None:
    senders = env["res.users"].search([("login", "=like", "bench%")], limit=users, order="id")
    if len(senders) < users:
        raise ValueError(f"there are {len(senders)} users, {users} are to send")
    values = [
        {
            "subject": f"Bench {number}", "body_html": f"<p>This is the mail with the number {number}.</p>{_TEXT}",
            "email_to": _CUSTOMER, "email_from": sender.email_formatted, "author_id": sender.partner_id.id,
            "reply_to": sender.email_formatted, "auto_delete": False,
        }
        for number in range(mails) for sender in [senders[number % users]]
    ]
    for start in range(0, mails, at_once):
        env["mail.mail"].create(values[start:start + at_once])
        env.cr.commit()
        env.invalidate_all()


def _run(env: Environment) -> int:
    """Run the mail cron until the queue is empty, or until a run sends nothing; return the number of runs."""
    cron = env.ref("mail.ir_cron_mail_scheduler_action")
    runs, left = 0, None
    while (queued := env["mail.mail"].search_count([("state", "=", "outgoing")])) and queued != left:
        left, runs = queued, runs + 1
        cron.method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
    return runs


def _clear(env: Environment) -> None:
    """Remove all mails, so that every round meets the same tables."""
    env.cr.execute("DELETE FROM mail_mail")
    env.cr.execute("DELETE FROM mail_message WHERE subject LIKE 'Bench %'")
    if "office365.delivery" in env:
        env.cr.execute("DELETE FROM office365_delivery")
        if "office365.email" in env:  # not in earlier versions, which are measured as well
            env.cr.execute("DELETE FROM office365_email")
        env.cr.execute("DELETE FROM office365_quota")
    env.cr.commit()
    env.invalidate_all()


def _memory(name: str) -> int:
    """Return a value of /proc/self/status in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) * 1024


def make_app(env: Environment, directory: str, client_id: str, secret: str, authority: str) -> int:
    """Register the app that :func:`sign_in` signs in with; return its id."""
    return env["office365.app"].create({
        "name": f"Bench {time.monotonic_ns()}", "directory_id": directory, "client_id": client_id, "client_secret": secret,
        "authority_url": authority,
    }).id


def sign_in(env: Environment, app: int, times: int, minutes: float) -> dict[str, float]:
    """Sign in again and again, spread over so many minutes by the clock of the tokens, a transaction each.

    :return: ``tokens``, the number of different ones, and the ``seconds`` that it took
    """
    from odoo.addons.mail_office365.tools.entra.tokens import token_life  # where there is no addon, the other jobs do without

    tenant, tokens, started, now = env["office365.app"].browse(app), set(), time.monotonic(), token_life.now()
    for number in range(times):
        at = now + timedelta(minutes=minutes * number / times)
        with patch.object(token_life, "now", lambda at=at: at):
            tokens.add(env["office365.token"]._access_token__(tenant, ("smtp", "imap", "pop")[number % 3], None))
        env.cr.commit()
        env.invalidate_all()
    return {"tokens": len(tokens), "seconds": time.monotonic() - started}


def postgresql_version(env: Environment) -> str:
    """Return the version of the database server."""
    env.cr.execute("SHOW server_version")
    return env.cr.fetchone()[0]
