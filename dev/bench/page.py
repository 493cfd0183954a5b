"""docs/benchmarks.md: lines of benches that were not measured again stay as they are."""
from __future__ import annotations

import re
from collections.abc import Sequence

from results import HEAD, Result

_PAGE = """\
<!-- Written by `dev/o365 bench --write`. -->
# How fast it is

Core and addon do the same work in turn, in the same run, against the same local mail servers; a proxy adds the round trip. "Core" is a
server without preset at the same address, sent through by Odoo's own code; for `bystander`, `foreign` and `fetch` it is a database
without the addon, and with as many servers. Odoo runs in one process and the servers with the proxy in another. A ratio is the median
over the rounds, its spread is given in brackets; a round of `bystander` is two ratios. Every mail was checked to be sent once and to have
arrived once.

The servers' limits (messages a minute, recipients a day) are off, except in `limits`. With those of client submission, 30 messages a
minute, a queue of more takes two seconds a mail, whatever the times below. What `foreign` and `screens` do is done once, not for each mail.

`fetch` reads until nothing is unread, 50 messages a run, and every message becomes a contact. Of ten messages, five are plain (2 kB), four
have HTML as well (20 kB), and one has a file of 200 kB. Its large mailboxes hold plain messages; the first run from each is measured in a
process that has fetched some mail before. Memory is the highest amount during the run, less that before it.

Measured by `dev/o365 bench`:

{runs}

| {head} |
| {rule} |
{rows}
"""
_RUN = re.compile(r"^- ((?:`\w+`(?:, )?)+): (.+)$", re.MULTILINE)


def written(old: str, results: Sequence[Result], how: str, order: Sequence[str]) -> str:
    """Return the page with new results.

    :param old: the page as it is
    :param how: what they were measured with and on
    :param order: names of all benches, in the order of the page
    """
    new = list(dict.fromkeys(result.name for result in results))
    kept = [
        (names, text) for found, text in _RUN.findall(old)
        if (names := [name for name in re.findall(r"\w+", found) if name in order and name not in new])]
    rows = [row for row in old.splitlines() if (name := row.partition("| ")[2].partition(" ")[0]) in order and name not in new]
    rows += [f"| {' | '.join(result.cells())} |" for result in results]
    rows.sort(key=lambda row: order.index(row.split(" ")[1]))
    return _PAGE.format(
        runs="\n".join(f"- {', '.join(f'`{name}`' for name in names)}: {text}" for names, text in [*kept, (new, how)]),
        head=" | ".join(HEAD), rule=" | ".join(["---"] * len(HEAD)), rows="\n".join(rows))
