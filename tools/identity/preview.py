"""What a mail would leave with, and why: the explanation next to a decision of `tools.identity.sender`."""

from dataclasses import dataclass
from typing import Any

from ..addresses import canonical_address
from ..transport import Envelope, Transport
from .sender import SenderIdentity

# Who sends.
OURS, OTHER, PERSONAL, NOBODY = "ours", "other", "personal", "nobody"

# Why a mail leaves as it does; the reasons of `tools.identity.sender` come on top.
ALIAS = "alias"
UNCHANGED = "unchanged"
NOTIFICATIONS = "notifications"
ALIAS_FILTERED = "alias_filtered"
NO_EMAIL = "no_email"
REFUSED = "refused"
FALLBACK = "fallback"
OTHER_SERVER = "other_server"
PERSONAL_SERVER = "personal_server"
NO_SERVER = "no_server"


@dataclass(frozen=True)
class Writer:
    """Somebody, or something, that mail is written as.

    :ivar kind: ``user``, ``domain`` or ``company``
    :ivar record_id: id of that record
    :ivar email_from: From as the mail is written, "" if there is no address
    :ivar actor_id: id of the user who acts
    :ivar company_id: company of the records that are written about
    """

    kind: str
    record_id: int
    email_from: str
    actor_id: int
    company_id: int


@dataclass(frozen=True)
class Preview:
    """What mail of one writer leaves with.

    :ivar server_id: id of the server that sends, None for the one of Odoo's configuration file
    :ivar smtp_from: From for which that server was chosen
    :ivar header_from: From, with its name
    :ivar address: the bare address in it
    :ivar why: a constant of this module or of `tools.identity.sender`
    :ivar held_back: see :class:`.SenderIdentity`
    """

    server_id: int | None
    smtp_from: str
    header_from: str
    address: str
    envelope_from: str
    why: str
    held_back: str = ""

    @property
    def asked_for(self) -> str:
        """The address that Exchange is to let the mailbox send as."""
        return self.held_back or self.address


class PreviewTransport(Transport):
    """Prepares a message as a real transport does, and sends nothing."""

    def _open(self, login: str | None) -> None:
        """Nobody signs in."""

    def _carry(self, message: Any, envelope: Envelope) -> tuple[str, dict]:
        raise ConnectionError("A preview sends nothing.")

    def close(self) -> None:
        """There is nothing to close."""
        self.is_ended = True


def explain(
    kind: str, identity: SenderIdentity | None, alias: str | None, author_key: str, address: str, *, fits: bool,
) -> str:
    """Return why a mail leaves as it does.

    :param kind: who sends, a constant of this module
    :param identity: what was decided for a server of ours
    :param alias: that of the author, if there is one
    :param author_key: address that the mail is written with, normalized
    :param address: the address in the From that it leaves with, in lower case
    :param fits: whether the server's From filter lets that address pass, or the one that is held back; core takes a server in any case
    """
    if kind != OURS:
        return {OTHER: OTHER_SERVER, PERSONAL: PERSONAL_SERVER, NOBODY: NO_SERVER}[kind]
    if identity and identity.reason and (fits or not identity.held_back):
        return identity.reason
    if not fits:
        return FALLBACK
    if alias:
        return ALIAS if canonical_address(address) == canonical_address(alias) else ALIAS_FILTERED
    if canonical_address(address) == canonical_address(author_key):
        return UNCHANGED
    return NOTIFICATIONS
