"""Lines for Exchange Online PowerShell that an administrator copies."""

import re
from collections.abc import Sequence

# about_Quoting_Rules: the typographic single quotes end a single-quoted string as the plain one does.
_SINGLE_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def quote(text: str) -> str:
    """Return a text as a PowerShell literal, in which nothing is expanded and which nothing in the text can end.

    Control characters go: they are part of no address, and a line break would make two lines of one.
    """
    return "'" + _SINGLE_QUOTES.sub(r"\1\1", _CONTROL_CHARACTERS.sub("", text)) + "'"


def grant_line(mode: str, mailbox: str, addresses: Sequence[str]) -> str:
    """Return the line that lets the mailbox send as, or on behalf of, these addresses; "" if no line does.

    :param mode: ``send_as`` or ``on_behalf``; the other modes of a server need neither permission
    """
    if mode not in ("send_as", "on_behalf") or not addresses:
        return ""
    single = len(addresses) == 1
    command = _command(mode, quote(mailbox), quote(addresses[0]) if single else "$_")
    return command if single else f"{','.join(map(quote, addresses))} | ForEach-Object {{ {command} }}"


def _command(mode: str, mailbox: str, target: str) -> str:
    if mode == "on_behalf":
        return f"Set-Mailbox {target} -GrantSendOnBehalfTo @{{Add={mailbox}}}"
    return f"Add-RecipientPermission {target} -Trustee {mailbox} -AccessRights SendAs -Confirm:$false"
