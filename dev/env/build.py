"""Builds shared folders so that a half-finished one is never used and two runs never build the same one at once."""
from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .progress import say


def hold(handle: IO[str], waiting_for: str) -> None:
    """Lock an open file until it is closed; say what we wait for if another run has it. The kernel frees it if we die."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"Another run is busy with {waiting_for}; waiting for it …")
        fcntl.flock(handle, fcntl.LOCK_EX)


@contextmanager
def locked(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold the lock file `path`."""
    with path.open("w") as handle:
        hold(handle, waiting_for)
        yield


def ensure(target: Path, what: str, make: Callable[[Path], None]) -> Path:
    """Return `target`, built by `make(folder)` beside its place and then renamed if it is not there."""
    if not target.exists():
        with locked(target.with_name(f".{target.name}.lock"), what):
            if not target.exists():
                place = target.with_name(f".{target.name}.building")
                if place.exists():
                    shutil.rmtree(place)
                place.mkdir()
                make(place)
                place.rename(target)
    return target
