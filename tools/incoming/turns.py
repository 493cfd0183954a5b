"""Which messages of several folders are read in one run: each folder has its turn, however much waits in another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def turns(waiting: Mapping[str, Sequence[T]], limit: int) -> list[tuple[str, list[T]]]:
    """Return what is read in this run, by folder: the first ones of each, no more than the limit together.

    What a folder with little mail does not need of its share is for those with more.
    """
    left, out = limit, {}
    folders = sorted((name for name, messages in waiting.items() if messages), key=lambda name: len(waiting[name]))
    for number, name in enumerate(folders):
        share = -(-left // (len(folders) - number))
        out[name] = list(waiting[name][:share])
        left -= len(out[name])
    return [(name, out[name]) for name in waiting if out.get(name)]
