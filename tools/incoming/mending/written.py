"""A header that core reads as we say, and that is written as it came."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry
from email.policy import Policy
from typing import Any, Final

_registry: Final = HeaderRegistry()
# Characters; for longer values Python's parser takes quadratic time.
_MAX_LENGTH: Final = 998


class Written(str):
    """The value of a header as it is to be read, which Python's policy hands out as it is.

    Python's own parser of headers, which is slow and fails over some, is asked only for what it alone knows: ``addresses``, say, which core
    does not use.

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

    def __getattr__(self, name: str) -> Any:
        """Return what :mod:`email.headerregistry` makes of the value, as much of it as its parser can be given.

        :raise AttributeError: it makes no such thing
        """
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(_registry(self.name, str(self)[:_MAX_LENGTH]), name)
        except Exception as error:  # Python's parser raises any over what is no such header
            raise AttributeError(name) from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made."""
        return Written, (self.name, str(self), self.source)

    def fold(self, *, policy: Policy) -> str:
        """Return the header with its line end, as :meth:`email.headerregistry.BaseHeader.fold` does."""
        return f"{self.name}: {self.source}{policy.linesep}"
