"""Who is behind a message, noted by the server on its way. Handed on in the context as instances, which no client can make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

#: What stands for a user's id on a message: nobody who is entitled to anything but shared addresses (a visitor, say).
NOBODY_UID: Final = 0
#: The message came in from outside, and Exchange does not say that its sender is genuine.
OUTSIDE_UID: Final = -1

T = TypeVar("T", bound="_Noted")


class _Noted:
    CONTEXT_KEY: ClassVar[str]

    @classmethod
    def of(cls: type[T], context: Mapping[str, Any]) -> T | None:
        """Return the instance in a context, if there is one."""
        noted = context.get(cls.CONTEXT_KEY)
        return noted if isinstance(noted, cls) else None


@dataclass(eq=False)
class Fetching(_Noted):
    """Mail is being fetched.

    :ivar server_ids: ids of the Office 365 incoming servers, whose headers are Exchange's
    :ivar item: the message that is being processed (:class:`.Item`), None between two of them
    :ivar limit: messages of a server in one run
    :ivar wanted: messages that waited to be fetched when the mailbox was looked into, by id of the server
    :ivar asked: ids of the servers that were asked in this run: others are fetched by somebody else, or there was no time
    :ivar problems: what went wrong beside the fetch itself, by id of the server
    :ivar described: what the fields of models are, as asked in a context, and which of it are lists
    """

    CONTEXT_KEY = "office365_fetching"
    server_ids: frozenset[int]
    item: Any = None
    limit: int = 0
    wanted: dict[int, int] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    problems: dict[int, list[str]] = field(default_factory=dict)
    described: dict[tuple, tuple[Mapping[str, Any], dict[str, dict], list[tuple[str, str]]]] = field(default_factory=dict)

    def note(self, server_id: int, problem: str) -> None:
        """Note for people what went wrong, though other messages were fetched."""
        self.problems.setdefault(server_id, []).append(problem)


@dataclass(frozen=True)
class Incoming(_Noted):
    """A message from outside is being processed.

    :ivar message_id: its Message-Id
    :ivar author_uid: user whose address it is from, as Exchange found out; else :data:`OUTSIDE_UID`
    """

    CONTEXT_KEY = "office365_incoming"
    message_id: str
    author_uid: int

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Incoming | None:
        """Return what is noted of the message that is being processed.

        Of one that is fetched it is kept beside it: with a key of its own in the context, each message would need environments of its own.
        """
        fetching = Fetching.of(context)
        return (fetching.item.incoming if fetching and fetching.item else None) or super().of(context)

    @property
    def is_genuine(self) -> bool:
        """Whether the user that Odoo takes for its author is its author."""
        return self.author_uid > 0


@dataclass(frozen=True)
class Behind(_Noted):
    """Odoo works on behalf of a user, with a From that this user chose.

    :ivar uid: id of the user
    """

    CONTEXT_KEY = "office365_behind"
    uid: int


@dataclass(frozen=True)
class Away(_Noted):
    """The answers of those who are out of office are being made: they wrote them, whoever is told so."""

    CONTEXT_KEY = "office365_away"
