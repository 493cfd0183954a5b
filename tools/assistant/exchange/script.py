"""A script as text, and as a file."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Final

from ...servers.powershell import quote
from .kinds import KINDS
from .values import OPTIONAL, VARIABLES, Values

_FOLDER: Final = Path(__file__).with_name("powershell")
_VARIABLE: Final = re.compile(r"[$@]([A-Za-z]+)\b")
_NOT_IN_A_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9.-]+")

_HEAD: Final = """\
# Made by Odoo. Run it in PowerShell as an Exchange administrator. It can be run again: it looks before it makes anything.
"""
_HEAD_OF_UNDO: Final = """\
# Made by Odoo. Run it in PowerShell as an Exchange administrator. It takes back what the script of the same name made.
"""
_MODULE: Final = """\
# Needed once: Install-Module -Name ExchangeOnlineManagement
"""
# All is one block, which stops at the first error, also if it is pasted: a console would go on with the next line. Exchange's commands are
# functions of a module, and modules see the global preference alone (about_Preference_Variables).
_BEFORE: Final = """\
& {
    $Before = $global:ErrorActionPreference
    $global:ErrorActionPreference = 'Stop'
    try {
"""
_AFTER: Final = """\
    } finally {
        $global:ErrorActionPreference = $Before
    }
}
"""
_STEP: Final = " " * 8
_NEXT: Final = "\n"


class MissingValue(ValueError):
    """A script needs a value that the database does not know.

    Exchange takes an empty identity for all there are, so that no script is made without one.

    :ivar variable: key of ``VARIABLES``
    """

    def __init__(self, variable: str) -> None:
        super().__init__(variable)
        self.variable = variable


def script(kind: str, values: Values) -> str:
    """Return the script that sets something up.

    :param kind: key of ``KINDS``
    :raise MissingValue: of what it is about, something is not known
    """
    return _script(f"# {KINDS[kind].title}\n{_HEAD}", KINDS[kind].parts, values)


def undo(kind: str, values: Values) -> str:
    """Return the script that takes it back.

    :raise MissingValue: see ``script``
    """
    return _script(f"# Undo: {KINDS[kind].title}\n{_HEAD_OF_UNDO}", KINDS[kind].undo, values)


def as_file(text: str) -> bytes:
    """Return a script as a file for Windows: PowerShell 5.1 reads UTF-8 only with a byte order mark (about_Character_Encoding)."""
    return text.replace("\n", "\r\n").encode("utf-8-sig")


def file_name(kind: str, domain: str, *, is_undo: bool = False) -> str:
    """Return what the file is called; of the domain, what every file system takes."""
    parts = ("odoo", *(("undo",) if is_undo else ()), kind.replace("_", "-"), _NOT_IN_A_FILE_NAME.sub("-", domain).strip(".-"))
    return f"{'-'.join(filter(None, parts))}.ps1"


def _script(head: str, parts: tuple[str, ...], values: Values) -> str:
    body = "\n".join(_part(name) for name in ("sign_in", *parts))
    used = set(_VARIABLE.findall(body))
    assignments = "".join(_assignments(used, values))
    return f"{head}{_MODULE}{_BEFORE}{indent(f'# Values of this database.{_NEXT}{assignments}{_NEXT}{body}', _STEP)}{_AFTER}"


def _assignments(used: set[str], values: Values) -> Iterator[str]:
    for variable, value_of in VARIABLES.items():
        if variable not in used:
            continue
        value = value_of(values)
        if not value and variable not in OPTIONAL:
            raise MissingValue(variable)
        if isinstance(value, str):
            yield f"${variable} = {quote(value)}\n"
        else:
            yield f"${variable} = @(\n" + "".join(f"    {quote(each)}\n" for each in value) + ")\n"


@cache
def _part(name: str) -> str:
    return (_FOLDER / f"{name}.ps1").read_text(encoding="utf-8")
