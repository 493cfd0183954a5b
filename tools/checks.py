"""A fact of the set-up that was looked up, not asked for: the one shape in which every step of the assistant says what it found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["done", "todo", "failed"]

DONE: Final = "done"
TO_DO: Final = "todo"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One fact that was proved, or not yet, or refuted.

    :ivar name: what was checked, as an administrator reads it
    :ivar state: ``done``, ``todo`` or ``failed``
    :ivar remedy: what to do, naming the screen or the command; "" if there is nothing to do
    :ivar cause: why it failed, with the server's own words; "" if it did not
    """

    name: str
    state: State
    remedy: str = ""
    cause: str = ""


def state_of(checks: Iterable[Check]) -> State:
    """Return the state of a step: failed if one fact is, done if all are and there is one, else to do."""
    states = {check.state for check in checks}
    if FAILED in states:
        return FAILED
    return DONE if states == {DONE} else TO_DO
