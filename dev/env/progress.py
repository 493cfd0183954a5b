"""What the developer reads while long steps run, and the one exception that ends a command with a sentence."""
from __future__ import annotations

import os
import sys
import threading
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
    """Show that `title` is going on and how long it took; a terminal sees the seconds count."""
    started = time.monotonic()
    done = threading.Event()
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def tick() -> None:
        while not done.wait(1):
            print(f"\r{title} … {time.monotonic() - started:.0f} s", end="", flush=True)

    ticker = threading.Thread(target=tick, daemon=True)
    if live:
        print(f"{title} …", end="", flush=True)
        ticker.start()
    else:
        say(f"{title} …")
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        done.set()
        if live:
            ticker.join()
        say(f"{chr(13) if live else ''}{title}: {outcome} {time.monotonic() - started:.1f} s")


def tail(log: Path) -> str:
    """Return the end of a log, which says what went wrong, and where the rest is."""
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "\n".join(f"  | {line}" for line in lines) + f"\n  full log: {log}"
