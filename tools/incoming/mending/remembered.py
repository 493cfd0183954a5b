"""Headers that are parsed once: Python's policy does it each time that somebody asks, and core asks many times."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry
from email.policy import SMTP, EmailPolicy
from typing import Any, Final, cast

# A parsed header holds a hundred times what is written: what a message can make Odoo keep is bounded.
_MAX_LENGTH: Final = 200
_MAX_HEADERS: Final = 200


class _Remembered(HeaderRegistry):
    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[str, str], Any] = {}

    def __call__(self, name: str, value: Any) -> Any:
        """Return the header, as it was parsed before if its value is the same."""
        if not isinstance(value, str) or len(value) > _MAX_LENGTH:
            return super().__call__(name, value)
        if (found := self._known.get((name, value))) is None:
            found = super().__call__(name, value)
            if len(self._known) < _MAX_HEADERS:
                self._known[name, value] = found
        return found


def remembering() -> EmailPolicy:
    """Return core's policy for the parts of one message; what it remembers goes with them."""
    return cast("EmailPolicy", SMTP.clone(header_factory=_Remembered()))
