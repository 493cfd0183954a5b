"""The bench `fetch`: core reads from a database without the addon, the addon from its own; both the same letters, in turn."""
from __future__ import annotations

import imaplib
import ssl
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

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
_RUN = 50  # messages of a run of the cron
_MB = 2**20


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
    commands, growth = (_pair(found, each) for each in (lambda one: one["commands"] / _LETTERS, lambda one: one["growth"] / _MB))
    connections = [max(int(one["connections"]) for one in measured) for measured in found]
    yield Result(
        "fetch", f"{_LETTERS} messages over IMAPS, 40 ms", *_per_message(found, "seconds"), ratios, "core / addon", "≥ 4",
        statistics.median(ratios) >= 4, *connections,
        remarks=f"IMAP commands a message: {commands[0]:.2f} / {commands[1]:.2f}; runs: {core[-1]['runs']:g} / {addon[-1]['runs']:g}; "
                f"memory: {growth[0]:+.0f} / {growth[1]:+.0f} MB",
    )
    ratios = _ratios(addon, core, "cpu")
    yield Result(
        "fetch", "the same, processor time of Odoo", *_per_message(found, "cpu"), ratios, "addon / core", "≤ 1.1",
        statistics.median(ratios) <= 1.1,
    )


def _large(lab: Lab, rounds: int) -> Iterator[Result]:
    for size in (_SMALL, _LARGE):
        _fill(lab, size, rounds)
    kinds = (
        ("history", "all but 50 read before the first connection", _SMALL, _LARGE),
        ("unread", "none read", _SMALL, _LARGE),
        ("known", "fetched and in the list but for some", _SMALL, _LARGE),
    )
    for kind, work, *sizes in kinds:
        small, large = ([_first_run(lab, lab.addon, kind, size) for _round in range(rounds)] for size in sizes)
        core = [_first_run(lab, lab.core, kind, _LARGE) for _round in range(rounds)] if kind != "known" else []
        growth = [one["growth"] / _MB for one in large]
        yield Result(
            "fetch", f"mailbox of {_LARGE:,}, {work}: a run of {_RUN}", [], [], growth, "MB of memory more", "≤ 50 MB", max(growth) <= 50,
            remarks=f"{_SMALL:,}: {_median(small, 'growth') / _MB:+.1f} MB" + (
                f"; core: {_median(core, 'growth') / _MB:+.1f} MB" if core else ""),
        )
        look = [1000 * one["look"] for one in large]
        yield Result(
            "fetch", "the same: until the first message is processed, no delay", [], [], look, "ms", "–", True,
            remarks=f"{_SMALL:,}: {1000 * _median(small, 'look'):.0f} ms" + (
                f"; core: {1000 * _median(core, 'look'):.0f} ms" if core else ""),
        )
    lab.ask(lab.addon, receiving.forget, *(f"known{size}" for size in (_SMALL, _LARGE)))


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
    _mark(lab, address, 0 if kind == "unread" else size - _RUN)
    if kind == "known":
        return _fetch(lab, workers, name, address, _RUN)
    _connect(lab, workers, name, address)
    try:
        return _fetch(lab, workers, name, address, _RUN)
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


def _pair(found: Iterable[list[dict[str, float]]], value: Any) -> list[float]:
    return [statistics.median(map(value, measured)) for measured in found]


def _median(measured: list[dict[str, float]], name: str) -> float:
    return statistics.median(one[name] for one in measured)
