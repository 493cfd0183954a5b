"""A header that core reads as we say, and that is written as it came."""

from __future__ import annotations

from email.policy import Policy


class Written(str):
    """The value of a header as it is to be read, which Python's policy hands out as it is: its own parser is not asked, and cannot fail.

    :ivar name: of the header; what has one is a parsed header to :class:`email.policy.EmailPolicy`
    :ivar source: the value as it is written into a message, which an attached message keeps
    """

    max_count = None
    defects = ()

    def __new__(cls, name: str, text: str, source: str | None = None) -> Written:
        """Make a header of a text without control characters; written as this text if it has no source."""
        self = super().__new__(cls, text)
        self.name = name
        self.source = text.encode().decode("ascii", "surrogateescape") if source is None else source
        return self

    name: str
    source: str

    def fold(self, *, policy: Policy) -> str:
        """Return the header with its line end, as :meth:`email.headerregistry.BaseHeader.fold` does."""
        return f"{self.name}: {self.source}{policy.linesep}"
