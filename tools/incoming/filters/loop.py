"""Mail that goes round in circles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Final, Literal

from ..headers import header_values
from ..mailboxes import addresses_in

#: What core puts in References of each refusal that it sends, and so must each notice of ours.
BOUNCE_TAG: Final = "-loop-detection-bounce-email@"
# Exchange Online refuses what passed more than some sixty servers; no message needs half of them.
_MOST_HOPS: Final = 50


@dataclass(frozen=True)
class Loop:
    """A message that is in a loop.

    :ivar reason: ``own_notice``: a refusal or notice of ours, or an answer to one; ``hops``: it passed too many servers; ``own_loop_mark``:
        an address of ours has handled it before
    """

    reason: Literal["own_notice", "hops", "own_loop_mark"]


def _nobody(_address: str) -> bool:
    return False


def read(message: Message, *, own_addresses: Callable[[str], bool] = _nobody) -> Loop | None:
    """Return why a message is in a loop, None if it is not.

    :param own_addresses: tells whether an address is one that Odoo receives; X-Loop with any other one is some list's
    """
    names = ("References", "In-Reply-To", "Message-ID")
    if any(BOUNCE_TAG in value for name in names for value in header_values(message, name)):
        return Loop("own_notice")
    if len(header_values(message, "Received")) > _MOST_HOPS:
        return Loop("hops")
    marks = [value for name in ("X-Loop", "X-BeenThere") for value in header_values(message, name)]
    if any(own_addresses(address) for value in marks for address in addresses_in(value)):
        return Loop("own_loop_mark")
    return None
