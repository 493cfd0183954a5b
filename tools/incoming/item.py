"""A message on its way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any, NamedTuple


class Source(NamedTuple):
    """What a server has handed out for a message.

    :ivar uid: UID, or UIDL of a POP server
    :ivar octets: the message as it was received; None if the server handed out none
    :ivar received: when the server received it, UTC; None if it does not say
    """

    uid: int | str
    octets: bytes | None
    received: datetime | None


@dataclass
class Item:
    """A message that an Office 365 server has handed out, while it is processed.

    :ivar server_id: id of the ``fetchmail.server``
    :ivar validity: UIDVALIDITY of the folder, "" of a POP server
    :ivar source: as it was received
    :ivar received: when the server received it, UTC
    :ivar mailbox: address of the mailbox that it was in
    :ivar row_id: id of its ``office365.inbound``
    :ivar attempts: how often it was begun
    :ivar is_retry: somebody has it processed again, who knows why it was kept
    :ivar destination: model and id of the record under which somebody files it, whatever aliases and filters say; id 0 for a new record
    :ivar message: as it is parsed
    :ivar notes: what had to be mended before core could read it
    :ivar fingerprint: see :mod:`.fingerprint`, once it is known
    :ivar message_id: under which it goes, once it is parsed
    :ivar sender: address of its sender, "" if it has none or several
    :ivar has_bounced: mail to its sender has come back, so far as is known
    :ivar author_uid: user whose address it is from, as Exchange found out
    :ivar unproven: addresses of colleagues that it claims to be from, which Exchange does not confirm
    :ivar named: our addresses that its header names
    :ivar aliases: whether an address is an alias, as core found while it read the message
    :ivar incoming: that it comes from outside, for whoever makes messages meanwhile (:class:`.Incoming`)
    :ivar is_routed: core has looked for a record that takes it
    :ivar model: of the record that it becomes
    :ivar about: model of the record that it is about, though it becomes none
    :ivar res_id: id of that record
    :ivar is_unroutable: no alias, reply or model takes it
    :ivar state: what is to become of it if it becomes no record: ``unroutable``, ``ignored``
    :ivar reason: why, for people
    :ivar is_loop: it goes round in circles
    :ivar cursor: of the transaction in which it is processed
    :ivar is_quiet: nobody is mailed for it
    :ivar is_rolled_back: the database did not take what became of it
    """

    server_id: int
    folder: str
    validity: str
    uid: str
    source: bytes
    received: datetime | None = None
    mailbox: str = ""
    row_id: int = 0
    attempts: int = 0
    is_retry: bool = False
    destination: tuple[str, int] | None = None
    message: EmailMessage | None = None
    notes: list[str] = field(default_factory=list)
    fingerprint: str = ""
    message_id: str = ""
    sender: str = ""
    has_bounced: bool = True
    author_uid: int = 0
    unproven: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    aliases: dict[str, bool] = field(default_factory=dict)
    incoming: Any = None
    is_routed: bool = False
    model: str | None = None
    about: str | None = None
    res_id: int = 0
    is_unroutable: bool = False
    state: str = "ignored"
    reason: str = ""
    is_loop: bool = False
    is_quiet: bool = False
    cursor: Any = None
    is_rolled_back: bool = False

    def keep(self, state: str, reason: str) -> None:
        """Note why the message becomes no record; what was noted first counts."""
        if not self.reason:
            self.state, self.reason = state, reason
