"""Reading the author of a message the way Exchange does: exactly one From with exactly one address."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser

from . import replies
from .replies import Reply

_ADDRESS = r"[^\s<>@,;:\"]+@[^\s<>@,;:\"]+"
_QUOTED_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)')


class FromError(ValueError):
    """The From header is not acceptable.

    :ivar reply: what Exchange answers.
    """

    def __init__(self, reply: Reply):
        super().__init__(str(reply))
        self.reply = reply


def single_address(value: str) -> str | None:
    """Return the only address in a From or Sender value, or None if there is none, more than one, or a stray ``@``.

    An unquoted ``@`` in the display name breaks submission (Microsoft, *Improvements in SMTP Authenticated
    submission client protocol*).
    """
    bare = _QUOTED_OR_COMMENT.sub(" ", re.sub(r"\s+", " ", value)).strip()
    found = re.fullmatch(rf"[^<>@,;]*<\s*({_ADDRESS})\s*>", bare) or re.fullmatch(rf"({_ADDRESS})", bare)
    return found[1] if found else None


def read_addresses(raw: bytes) -> tuple[str, str]:
    """Return the addresses of From and of Sender (empty without one) of a message.

    :raise FromError: if From is missing, invalid or holds more than one address.
    """
    headers = BytesHeaderParser().parsebytes(raw)
    values = [str(value) for value in headers.get_all("From", [])]
    if len(values) > 1:
        raise FromError(replies.S550_5_1_20_MULTIPLE_FROM)
    author = single_address(values[0]) if values else None
    if author is None:
        several = bool(values) and len(re.findall(rf"<\s*{_ADDRESS}\s*>", _QUOTED_OR_COMMENT.sub(" ", values[0]))) > 1
        raise FromError(replies.S550_5_1_20_MULTIPLE_FROM if several else replies.S550_5_7_512_INVALID_FROM)
    return author, single_address(str(headers["Sender"] or "")) or ""
