"""Remedies with the values of a database, and the lines of PowerShell in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ..diagnosis.cause import RECIPIENT, SENDER
from ..diagnosis.reader import Diagnosis
from .powershell import quote

_PLACEHOLDER: Final = re.compile(r"(?P<before>'?)<(?P<name>[a-z ]+)>")
# Nothing in these is expanded by PowerShell, wherever they stand in a line but at its beginning.
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]*")
_VALUE: Final = r"(?:@\{[^}]*\}|'[^']*'|<[^>]+>|\$\w+|[\w.]+)"
_COMMAND: Final = re.compile(
    rf"\b(?:Add|Connect|Get|New|Remove|Set)-[A-Z][A-Za-z]+(?: <[a-z ]+>)?(?: -[A-Z][A-Za-z]+(?::{_VALUE}| {_VALUE})?)*")


def values_for(about: str, *, mailbox: str, sender: str = "", recipient: str = "", **others: str) -> dict[str, str]:
    """Return what stands for the placeholders of a remedy.

    :param about: what was refused: the address in a remedy is the recipient's if it is about that, else the sender's
    :param mailbox: that signs in
    :param others: placeholders by name, with ``_`` for a space
    """
    address = recipient if about == RECIPIENT else sender
    domain = (address if about in (RECIPIENT, SENDER) else "") or mailbox
    return {
        "mailbox": mailbox, "address": address, "domain": domain.rpartition("@")[2] if "@" in domain else "",
        **{name.replace("_", " "): value for name, value in others.items()},
    }


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a remedy or a line of it with the values that are known; a placeholder without one stays.

    Administrators copy this into PowerShell, and an address may be anybody's: what could mean something there is quoted.
    """
    def value_of(match: re.Match) -> str:
        value = values.get(match["name"], "")
        if not value:
            return match[0]
        if match["before"]:
            return quote(value)[:-1]  # the closing quote is in the text
        return value if _PLAIN.fullmatch(value) else quote(value)

    return _PLACEHOLDER.sub(value_of, text)


def told(diagnosis: Diagnosis, translate: Callable[[str], str], values: Mapping[str, str]) -> str:
    """Return the remedy of a diagnosis for people: in their language, with their values."""
    return filled(diagnosis.translated(translate), values)


def commands(diagnosis: Diagnosis, values: Mapping[str, str]) -> list[str]:
    """Return the lines of PowerShell that a remedy names with their parameters, ready to be run where all values are known."""
    found = [match[0] for match in _COMMAND.finditer(diagnosis.template or diagnosis.remedy) if " " in match[0]]
    return [filled(line, values) for line in dict.fromkeys(found)]
