"""Jobs of the bench `fetch`. They know incoming servers, `_fetch_mail` and the list of received mail, and not how mail is fetched."""
from __future__ import annotations

import contextlib
import cProfile
import ctypes
import gc
import time
from pathlib import Path
from unittest.mock import patch

from jobs import _memory
from letters import DOMAIN
from odoo.api import Environment
from size import _copy_of

_RUN = 50  # what core's cron asks for; our servers take more
_POSTED = [("subject", "=like", "Bench %"), ("message_type", "=", "email"), ("model", "=", "res.partner")]


def connect(env: Environment, name: str, host: str, port: int, login: str, password: str, first: bool = False) -> None:
    """Make an incoming server whose mail becomes contacts: of ours, if the addon is installed, else one of core.

    :param first: fetch from it once, so that nothing of what comes later was there before
    """
    preset = {"office365_preset": "imap"} if "office365_preset" in env["fetchmail.server"] else {"server_type": "imap", "is_ssl": True}
    server = env["fetchmail.server"].create({
        "name": name, "server": host, "port": port, "user": login, "password": password,
        "object_id": env["ir.model"]._get_id("res.partner"), **preset})
    server.button_confirm_login()
    env.cr.commit()
    if first:
        _fetch(server)


def fetch(env: Environment, name: str, port: int, messages: int, profile: str = "") -> dict[str, float]:
    """Fetch from the server of this name until so many messages are in Odoo, or until a run brings none.

    The server "warm" is fetched from before, so that a process has loaded what it needs for a message.

    :return: ``seconds`` and ``cpu`` (of this process) that it took, ``look``, the seconds until the first message was processed, the
        number of ``runs``, of messages ``posted``, and the ``growth`` of the process (bytes, at most)
    """
    servers = env["fetchmail.server"].search([("name", "in", ("warm", name))])
    servers.port = port
    server = servers.filtered(lambda record: record.name == name)
    _fetch(servers - server)
    _clear(env)
    process, begun = env.registry["mail.thread"].message_process, []

    def noting(*args, **kwargs):
        begun.append(time.monotonic())
        return process(*args, **kwargs)

    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is freed and not given back would hide what is taken next
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from here on
    runs, posted, last = 0, 0, -1
    with patch.object(env.registry["mail.thread"], "message_process", noting):
        started, cpu = time.monotonic(), time.process_time()
        with cProfile.Profile() if profile else contextlib.nullcontext() as profiler:
            while last < posted < messages:
                last, runs = posted, runs + 1
                _fetch(server)
                posted = env["mail.message"].search_count(_POSTED)
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    if profile:
        profiler.dump_stats(profile)
    measured = {
        "seconds": seconds, "cpu": cpu, "look": begun[0] - started if begun else seconds, "runs": runs, "posted": posted,
        "growth": _memory("VmHWM") - before,
    }
    _clear(env)
    return measured


def _fetch(server) -> None:
    if error := server._fetch_mail(batch_limit=_RUN):
        raise error
    server.env.cr.commit()
    server.env.invalidate_all()


def note_fetched(env: Environment, name: str, number: int) -> None:
    """Let the list of received mail have so many messages of this server, with the numbers that follow that of the one it has."""
    server = env["fetchmail.server"].search([("name", "=", name)])
    first = env["office365.inbound"].search([("server_id", "=", server.id)])
    first.ensure_one()
    env.flush_all()
    _copy_of(env, "office365_inbound", first.id, {
        "uid": f"{first.uid} + number", "message_id": "'<' || number || '@copied.example>'",
        "digest": "encode(sha256(number::text::bytea), 'hex')",
    }, number)
    env.cr.commit()
    env.cr.execute("ANALYZE office365_inbound")


def forget(env: Environment, *names: str) -> None:
    """Remove servers, and the lists of what was received from them."""
    env["fetchmail.server"].search([("name", "in", names)]).unlink()


def _clear(env: Environment) -> None:
    """Remove what messages became, so that every round meets the same tables."""
    env["res.partner"].with_context(active_test=False).search([("email", "=like", f"%@{DOMAIN}")]).unlink()
    env["mail.message"].search(_POSTED).unlink()
    env.cr.commit()
    env.invalidate_all()
