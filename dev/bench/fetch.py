"""The bench `fetch`: core reads from a database without the addon, the addon from its own; both the same letters, in turn."""
from __future__ import annotations

import imaplib
import ssl
import statistics
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import letters
import receiving
from lab import Incomplete, Lab
from link import Link
from results import Result
from servers import ERP, INFO
from workers import Processes

_ROUND_TRIP = 0.040  # seconds; outlook.office365.com from within Europe
_LETTERS = 200
_SMALL, _LARGE = 2_000, 20_000
_CORE_RUN = 50  # messages of a run of core's cron
_RUN = 200  # messages of a run of ours, of the same cron
_MB = 2**20
_KINDS = {
    "history": "all read before the first connection, but those of one run",
    "unread": "none of them read",
    "known": "nearly all fetched before",
}


def fetch(lab: Lab, rounds: int) -> Iterator[Result]:
    """200 messages over IMAPS, 40 ms round trip; then the first run of a mailbox of 20,000."""
    for workers in (lab.core, lab.addon):
        _connect(lab, workers, "warm", INFO)
    yield from _many(lab, rounds)
    yield from _large(lab, rounds)
    for workers in (lab.core, lab.addon):
        lab.ask(workers, receiving.forget, "warm")


def _many(lab: Lab, rounds: int) -> Iterator[Result]:
    found: tuple[list[dict[str, float]], ...] = ([], [])
    box = lab.servers.mailbox(ERP)
    for workers in (lab.core, lab.addon):
        _connect(lab, workers, "bench", ERP)
    with Link(lab.servers.imap.port, _ROUND_TRIP) as link:
        for number in range(rounds):
            for workers, measured in zip((lab.core, lab.addon), found, strict=True):
                box.clear()
                _deliver(lab, ERP, letters.mixed(_LETTERS, f"r{number}", ERP))
                measured.append(_fetch(lab, workers, "bench", ERP, _LETTERS, port=link.port))
                if unread := [path for path in box.path.glob("*/*.M*") if "S" not in path.name.partition(":2,")[2]]:
                    raise Incomplete(f"{len(unread)} messages are still unread")
    for workers in (lab.core, lab.addon):
        lab.ask(workers, receiving.forget, "bench")
    box.clear()
    core, addon = found
    ratios = _ratios(core, addon, "seconds")
    commands, growth, runs = ([_median(measured, name) for measured in found] for name in ("commands", "growth", "runs"))
    connections = [max(int(one["connections"]) for one in measured) for measured in found]
    yield Result(
        "fetch", f"{_LETTERS} messages over IMAPS, 40 ms", *_per_message(found, "seconds"), ratios, "core / addon", "≥ 4",
        statistics.median(ratios) >= 4, *connections,
        remarks=f"IMAP commands a message: {commands[0] / _LETTERS:.2f} / {commands[1] / _LETTERS:.2f}; runs: {runs[0]:g} / {runs[1]:g}; "
                f"memory: {growth[0] / _MB:+.0f} / {growth[1] / _MB:+.0f} MB",
    )
    ratios = _ratios(addon, core, "cpu")
    yield Result(
        "fetch", "the same, processor time of Odoo", *_per_message(found, "cpu"), ratios, "addon / core", "≤ 1.1",
        statistics.median(ratios) <= 1.1,
    )


def _large(lab: Lab, rounds: int) -> Iterator[Result]:
    for size in (_SMALL, _LARGE):
        _fill(lab, size, rounds)
    for kind, work in _KINDS.items():
        small, large, core = [], [], []
        for _round in range(rounds):
            small.append(_first_run(lab, lab.addon, kind, _SMALL))
            large.append(_first_run(lab, lab.addon, kind, _LARGE))
            if kind != "known":  # core has no such list
                core.append(_first_run(lab, lab.core, kind, _LARGE))
        growth = [one["growth"] / _MB for one in large]
        yield Result(
            "fetch", f"mailbox of {_LARGE:,} messages, {work}: a run ({_RUN}; core {_CORE_RUN})", [], [], growth,
            "MB of memory more than before it",
            "≤ 50 MB", max(growth) <= 50, remarks=_beside(small, core, lambda one: one["growth"] / _MB, "MB"),
        )
        longer = [1000 * (one["look"] - other["look"]) for one, other in zip(large, small, strict=True)]
        yield Result(
            "fetch", "the same, until the first message is processed, no delay", [], [], longer, f"ms longer than with {_SMALL:,}",
            "≤ 250 ms", statistics.median(longer) <= 250,
            remarks=f"{1000 * _median(large, 'look'):.0f} ms; {_beside(small, core, lambda one: 1000 * one['look'], 'ms')}",
        )
    lab.ask(lab.addon, receiving.forget, *(f"known{size}" for size in (_SMALL, _LARGE)))


def _beside(small: list[dict[str, float]], core: list[dict[str, float]], value: Callable[[dict[str, float]], float], unit: str) -> str:
    words = f"with {_SMALL:,} {statistics.median(map(value, small)):.1f} {unit}"
    return words + (f"; core {statistics.median(map(value, core)):.1f} {unit}" if core else "")


def _fill(lab: Lab, size: int, rounds: int) -> None:
    """Make a mailbox of so many, and a server "known" that has fetched all of it but those of as many runs as there are rounds."""
    address = _address(size)
    lab.servers.directory.add_account(address)
    first, *others = letters.plain(size, f"of{size}", address)
    _deliver(lab, address, [first])
    _connect(lab, lab.addon, f"known{size}", address, first=True)
    _deliver(lab, address, others)
    lab.ask(lab.addon, receiving.note_fetched, f"known{size}", size - 1 - rounds * _RUN)


def _first_run(lab: Lab, workers: Processes, kind: str, size: int) -> dict[str, float]:
    name, address = f"{kind}{size}", _address(size)
    run = _CORE_RUN if workers is lab.core else _RUN
    _mark(lab, address, 0 if kind == "unread" else size - run)
    if kind == "known":
        return _fetch(lab, workers, name, address, run)
    _connect(lab, workers, name, address)
    try:
        return _fetch(lab, workers, name, address, run)
    finally:
        lab.ask(workers, receiving.forget, name)


def _fetch(lab: Lab, workers: Processes, name: str, address: str, number: int, port: int = 0) -> dict[str, float]:
    """Let a worker fetch; return what it measured, and the ``commands`` and ``connections`` that the server saw.

    :raise Incomplete: not every message came once
    """
    _deliver(lab, INFO, letters.mixed(10, "warm", INFO))
    lab.servers.imap.connections.clear()
    where = "core" if workers is lab.core else "addon"
    profile = str(Path(lab.profile, f"{where}-fetch-{name}.prof")) if lab.profile else ""
    measured = lab.ask(workers, receiving.fetch, name, port or lab.servers.imap.port, number, profile)
    lab.servers.mailbox(INFO).clear()
    if measured["posted"] != number:
        raise Incomplete(f"of {number} messages, {measured['posted']:g} are in Odoo ({where}, {name})")
    seen = [connection for connection in lab.servers.imap.connections if connection.login == address]
    return measured | {"connections": len(seen), "commands": sum(len(connection.commands) for connection in seen)}


def _connect(lab: Lab, workers: Processes, name: str, address: str, *, first: bool = False) -> None:
    at = lab.servers.imap
    lab.ask(workers, receiving.connect, name, at.host, at.port, address, lab.servers.password(address), first)


def _deliver(lab: Lab, address: str, sources: Iterable[bytes]) -> None:
    box = lab.servers.mailbox(address)
    for source in sources:
        box.deliver(source)


def _mark(lab: Lab, address: str, read: int) -> None:
    """Let so many messages of a mailbox be read and the others not. The server knows all files afterwards, as it would in real life."""
    context = ssl.create_default_context(cafile=lab.servers.ca_file)
    with imaplib.IMAP4_SSL(lab.servers.imap.host, lab.servers.imap.port, ssl_context=context) as connection:
        connection.login(address, lab.servers.password(address))
        connection.select()
        connection.store("1:*", "-FLAGS.SILENT", r"(\Seen)")
        if read:
            connection.store(f"1:{read}", "+FLAGS.SILENT", r"(\Seen)")


def _address(size: int) -> str:
    return f"large{size}@contoso.example"


def _ratios(above: list[dict[str, float]], below: list[dict[str, float]], name: str) -> list[float]:
    return [one[name] / other[name] for one, other in zip(above, below, strict=True)]


def _per_message(found: Iterable[list[dict[str, float]]], name: str) -> list[list[float]]:
    return [[one[name] / _LETTERS for one in measured] for measured in found]


def _median(measured: list[dict[str, float]], name: str) -> float:
    return statistics.median(one[name] for one in measured)
