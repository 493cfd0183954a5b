"""What the developer reads while long steps run, and the one exception that ends a command with a sentence."""
from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOG_LINES_SHOWN = 12


class Failure(Exception):
    """Something the developer can act on; shown as a sentence, never as a traceback."""


def say(text: str) -> None:
    """Print one line now, even when the output is a file."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show that `title` is going on and how long it took."""
    say(f"{title} …")
    started, outcome = time.monotonic(), "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        say(f"{title}: {outcome} {time.monotonic() - started:.1f} s")


def tail(log: Path) -> str:
    """Return the end of a log, which says what went wrong, and where the rest is."""
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "\n".join(f"  | {line}" for line in lines) + f"\n  full log: {log}"
