"""The email by which a database proves that what it sends comes back: its mark, as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from typing import Final

from ..headers import header_values

#: Holds nonce and signature.
HEADER: Final = "X-Office365-Proof"
_LONGEST: Final = 200


@dataclass(frozen=True)
class Proof:
    """What an email says of itself; whether it is true, the signature tells.

    :ivar nonce: "" if the mark is not as this addon writes it
    """

    nonce: str
    signature: str


def read(message: Message) -> Proof | None:
    """Return the mark of an email, None of one without. Of several marks none is read: this addon writes one."""
    marks = header_values(message, HEADER)
    if not marks:
        return None
    nonce, _dash, signature = marks[0].partition("-") if len(marks) == 1 and len(marks[0]) <= _LONGEST else ("", "", "")
    return Proof(nonce, signature)
