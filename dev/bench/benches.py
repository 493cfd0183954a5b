"""The benches: core and addon do the same work in turn, so that both meet the machine in the same moods."""
from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import email_log
import size
from fetch import fetch
from jobs import OURS, THEIRS, remove_ours
from lab import Lab
from results import Result

_ROUND_TRIP = 0.040  # seconds; smtp.office365.com from within Europe
_MANY = 10_000
_FEW = 1_000
_FOREIGN = 100_000
_LINES = 100_000
_SLICES = 5


def senders(lab: Lab, rounds: int) -> Iterator[Result]:
    """100 mails of 100 different users, 40 ms round trip."""
    yield _sending(lab, rounds, "senders", "100 mails of 100 users, 40 ms", users=100, factor=10.0)


def single(lab: Lab, rounds: int) -> Iterator[Result]:
    """100 mails of one user, 40 ms round trip."""
    yield _sending(lab, rounds, "single", "100 mails of one user, 40 ms", users=1, factor=2.0)


def _sending(lab: Lab, rounds: int, name: str, work: str, *, users: int, factor: float) -> Result:
    core, addon = [], []
    with lab.line(_ROUND_TRIP):
        for _round in range(rounds):
            core.append(lab.send(lab.addon, THEIRS, 100, users))
            addon.append(lab.send(lab.addon, OURS, 100, users))
    ratios = [theirs["each"] / ours["each"] for theirs, ours in zip(core, addon, strict=True)]
    connections = max(measured["connections"] for measured in addon)
    return Result(
        name, work, _each(core), _each(addon), ratios, "core / addon", f"≥ {factor:g}, 1 connection",
        statistics.median(ratios) >= factor and connections == 1,
        max(measured["connections"] for measured in core), connections,
        remarks=f"processor: {_cpu(core):.1f} / {_cpu(addon):.1f} ms a mail",
    )


def queue(lab: Lab, rounds: int) -> Iterator[Result]:
    """10,000 queued mails against 1,000, no delay."""
    few, many, core = [], [], []
    for _round in range(rounds):
        core.append(lab.send(lab.addon, THEIRS, _FEW, lab.users))
        few.append(lab.send(lab.addon, OURS, _FEW, lab.users))
        many.append(lab.send(lab.addon, OURS, _MANY, lab.users))
    ratios = [large["each"] / small["each"] for small, large in zip(few, many, strict=True)]
    growth = statistics.median(large["peak"] / small["peak"] for small, large in zip(few, many, strict=True))
    peaks = " / ".join(f"{statistics.median(each['peak'] for each in part) / 2**20:.0f}" for part in (few, many))
    yield Result(
        "queue", "10,000 queued mails against 1,000, no delay", _each(few), _each(many), ratios, "10,000 / 1,000",
        "≤ 1.1, memory ≤ 1.1",
        statistics.median(ratios) <= 1.1 and growth <= 1.1, int(few[-1]["connections"]), int(many[-1]["connections"]),
        remarks=f"both columns are the addon's, 1,000 and 10,000; core needs {1000 * statistics.median(_each(core)):.1f} ms for each of "
                f"1,000; peak memory {peaks} MB ({growth:.2f})",
    )


def limits(lab: Lab, rounds: int) -> Iterator[Result]:
    """30 mails of 30 users, 40 ms round trip, with the limits of client submission and without: what asking the governor costs."""
    off, on = [], []
    with lab.line(_ROUND_TRIP):
        for _round in range(rounds):
            off.append(lab.send(lab.addon, OURS, 30, 30))
            on.append(lab.send(lab.addon, OURS, 30, 30, limits=True))
    ratios = [limited["each"] / free["each"] for free, limited in zip(off, on, strict=True)]
    more = statistics.median(limited["each"] - free["each"] for free, limited in zip(off, on, strict=True))
    queries = statistics.median((limited["queries"] - free["queries"]) / 30 for free, limited in zip(off, on, strict=True))
    yield Result(
        "limits", "30 mails of 30 users, 40 ms, with 30 messages a minute and 10,000 recipients a day", _each(off), _each(on), ratios,
        "limits / none", "≤ 1.5, all in one run", statistics.median(ratios) <= 1.5 and max(one["batches"] for one in on) == 1,
        int(off[-1]["connections"]), int(on[-1]["connections"]),
        remarks=f"both columns are the addon's, without limits and with them, where no mail is made ready ahead; {1000 * more:+.1f} ms and "
                f"{queries:+.1f} queries a mail. "
                "From the 31st mail on, the limit is what counts: two seconds a mail",
    )


def foreign(lab: Lab, rounds: int) -> Iterator[Result]:
    """100,000 queued mails of another server: what a run does before the first mail is sent."""
    for noted, work in ((True, "100,000 queued mails of another server"), (False, "the same, queued before a server was ours")):
        found = []
        for workers in (lab.core, lab.addon):
            ours = lab.ask(workers, size.fill_queue, _FOREIGN, noted)
            found.append(lab.ask(workers, size.until_first_mail, ours, 3 * rounds))
            lab.ask(workers, size.empty_queue)
        core, addon = found
        usual = statistics.median(theirs["seconds"] for theirs in core)
        seconds = [ours["seconds"] - usual for ours in addon]
        queries = max(ours["queries"] - theirs["queries"] for theirs, ours in zip(core, addon, strict=True))
        yield _once(
            "foreign", work, seconds, "ms more than core before the first mail", "≤ 50 ms and 5 queries",
            reached=statistics.median(seconds) <= 0.05 and queries <= 5,
            remarks=f"{queries:+g} queries; core needs {_ms(core)} ms and {core[-1]['queries']:g} queries, the addon {_ms(addon)} ms. "
                    "Of ours, the oldest mail was taken and not the latest",
        )


def screens(lab: Lab, rounds: int) -> Iterator[Result]:
    """10,000 users: the first page of the Sender Overview, and the form of a company that no server sends for."""
    lab.ask(lab.addon, size.make_users, _MANY)
    found = lab.ask(lab.addon, size.open_screens, rounds)
    lab.ask(lab.addon, size.remove_users)
    for name, work, milliseconds, queries in (
        ("page", "first page of the Sender Overview, 10,000 users", 1000, 50),
        ("form", "what a company's form says, 10,000 users", 50, None),
    ):
        seconds, most = [one["seconds"] for one in found[name]], max(one["queries"] for one in found[name])
        yield _once(
            "screens", work, seconds, "ms", f"≤ {milliseconds:,} ms" + (f" and {queries} queries" if queries else ""),
            reached=statistics.median(seconds) <= milliseconds / 1000 and most <= (queries or most), remarks=f"{most:g} queries",
        )


def log(lab: Lab, rounds: int) -> Iterator[Result]:
    """100,000 lines of the email log: its first page, and what people look for in it."""
    lab.ask(lab.addon, email_log.fill, _LINES)
    found = lab.ask(lab.addon, email_log.search, rounds)
    lab.ask(lab.addon, email_log.empty)
    for name, measured in found.items():
        seconds, most = [one["database"] for one in measured], max(one["queries"] for one in measured)
        yield _once(
            "log", f"{name}, {_LINES:,} emails in the log", seconds, "ms of database", "≤ 200 ms",
            reached=statistics.median(seconds) <= 0.2, remarks=f"{most:g} queries, {_ms(measured)} ms in all",
        )


def _once(name: str, work: str, seconds: list[float], meaning: str, target: str, *, reached: bool, remarks: str) -> Result:
    """Return a line about something that is done once and not for each mail: milliseconds in place of a ratio."""
    return Result(name, work, [], [], [1000 * each for each in seconds], meaning, target, reached, remarks=remarks)


def _ms(measured: list[dict[str, float]]) -> str:
    return f"{1000 * statistics.median(one['seconds'] for one in measured):.1f}"


def bystander(lab: Lab, rounds: int) -> Iterator[Result]:
    """500 mails through a server that is not ours, in a database without the addon and in one with it."""
    yield _beside(lab, rounds, "500 mails through another server, one of ours beside it")
    lab.ask(lab.addon, remove_ours)
    yield _beside(lab, rounds, "500 mails through another server, none of ours there")


def _beside(lab: Lab, rounds: int, work: str) -> Result:
    core, addon = [], []
    for number in range(2 * rounds):
        # The machine's pace changes by more than what is to be found out, within seconds: they take turns after each slice. Who goes
        # first changes, as the second finds a warmer machine.
        slices = ([], [])
        for part in range(_SLICES):
            pair = [(lab.core, slices[0]), (lab.addon, slices[1])]
            for workers, measured in pair if (number + part) % 2 else reversed(pair):
                measured.append(lab.send(workers, THEIRS, 500 // _SLICES, 1, beside=True))
        core.append(_sum(slices[0]))
        addon.append(_sum(slices[1]))
    ratios = [ours["each"] / theirs["each"] for theirs, ours in zip(core, addon, strict=True)]
    cpu = statistics.median(ours["cpu"] / theirs["cpu"] for theirs, ours in zip(core, addon, strict=True))
    more = statistics.median((ours["queries"] - theirs["queries"]) / ours["batches"] for theirs, ours in zip(core, addon, strict=True))
    return Result(
        "bystander", work, _each(core), _each(addon), ratios, "addon / core", "≤ 1.03, at most 2 queries a batch",
        statistics.median(ratios) <= 1.03 and more <= 2, int(core[-1]["connections"]), int(addon[-1]["connections"]),
        remarks=f"{_SLICES} batches; {more:+g} queries a batch ({core[-1]['queries'] / core[-1]['batches']:g} in core); "
                f"processor time {cpu:.2f} times core's",
    )


def _sum(slices: list[dict[str, float]]) -> dict[str, float]:
    """Return several measurements as one: the sums, and the time of each mail."""
    total = {name: sum(measured[name] for measured in slices) for name in ("seconds", "cpu", "queries", "batches", "sent", "connections")}
    return total | {"each": total["seconds"] / total["sent"]}


def token(lab: Lab, rounds: int) -> Iterator[Result]:
    """8 processes, 200 sign-ins, one hour: how often Microsoft Entra is asked for a token."""
    asked, times = [], []
    for _round in range(rounds):
        before = len(lab.servers.entra.requests)
        measured = lab.sign_in(processes=8, times=25, minutes=54)
        requests = list(lab.servers.entra.requests)[before:]
        asked.append(float(sum(request.step == "TOKEN" for request in requests)))
        times.append(statistics.mean(one["seconds"] / 25 for one in measured))
    yield Result(
        "token", "8 processes, 200 sign-ins within an hour", [], times, asked, "requests", "1 token request", max(asked) == 1,
        remarks="core's microsoft_outlook was not measured: it needs a browser's sign-in for each server; the time is that of a sign-in",
    )


def _each(measured: list[dict[str, float]]) -> list[float]:
    return [one["each"] for one in measured]


def _cpu(measured: list[dict[str, float]]) -> float:
    """Return the milliseconds of processor that Odoo needed for a mail."""
    return 1000 * statistics.median(one["cpu"] / one["sent"] for one in measured)


#: By name, in the order in which they run; the last one takes our server away.
BENCHES: dict[str, Callable[[Lab, int], Iterator[Result]]] = {
    "senders": senders, "single": single, "limits": limits, "queue": queue, "token": token, "foreign": foreign, "screens": screens,
    "log": log,
    "fetch": fetch, "bystander": bystander,
}
