"""Headers that are parsed once: Python's policy does it each time that somebody asks, and core asks many times."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry
from email.policy import SMTP, EmailPolicy
from typing import Any, cast


class _Remembered(HeaderRegistry):
    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[str, str], Any] = {}

    def __call__(self, name: str, value: Any) -> Any:
        """Return the header, as it was parsed before if its value is the same."""
        if (name, value) not in self._known:
            self._known[name, value] = super().__call__(name, value)
        return self._known[name, value]


def remembering() -> EmailPolicy:
    """Return core's policy for the parts of one message; what it remembers goes with them."""
    return cast("EmailPolicy", SMTP.clone(header_factory=_Remembered()))
