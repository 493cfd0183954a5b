"""When somebody is to be reminded that a secret, a certificate or a sign-in ends."""

from datetime import date
from typing import Final

#: Days before the end; 0 is the end itself.
THRESHOLDS: Final = (0, 3, 14, 30)


def threshold(ends: date | None, today: date) -> int | None:
    """Return the tightest threshold that is reached, None if the end is further away or there is none."""
    if not ends:
        return None
    left = (ends - today).days
    return next((days for days in THRESHOLDS if left <= days), None)
