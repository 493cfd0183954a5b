"""Waiting for calls that know no time limit: the system's resolver has its own, which is not ours to set (``resolv.conf``)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def within(seconds: float, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Return what a call returns, or raise what it raises, if it does so in time.

    It runs in a thread. One that is late goes on there until it ends by itself, and nobody hears of it; so it has to free by itself what
    it holds.

    :param seconds: how long it is waited for
    :raise TimeoutError: it is not done by then
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="mail_office365: bounded call")
    thread.start()
    thread.join(seconds)
    if errors:
        try:
            raise errors[0]
        finally:
            errors.clear()  # the error's traceback has this frame, and would keep it
    if not results:
        raise TimeoutError(f"timed out after {seconds:.3g} s")
    return results[0]
