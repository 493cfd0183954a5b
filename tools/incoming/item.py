"""A message on its way in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Item:
    """A message that an Office 365 server has handed out.

    :ivar server_id: id of the ``fetchmail.server``
    :ivar validity: UIDVALIDITY of the folder
    :ivar source: as it was received
    :ivar row_id: id of its ``office365.inbound``
    :ivar model: of the record that it becomes
    :ivar is_unroutable: no alias, reply or model takes it
    """

    server_id: int
    folder: str
    validity: int | str
    uid: int | str
    source: bytes
    row_id: int = 0
    model: str | None = None
    is_unroutable: bool = False
