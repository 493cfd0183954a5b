"""Sender identity: who a mail comes from, seen by the recipient (From) and by Exchange (envelope sender).

The one place where that is decided. It works on values alone; models only feed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .addresses import Mailbox


class AliasBook:
    """The confirmed aliases for a set of From addresses, looked up once for a whole batch.

    It travels through the context of a batch. A remote caller can fill the context as well, with plain values
    only: an instance of this class can't come from outside, so nobody can smuggle in an alias.
    """

    __slots__ = ("_aliases", "_known")

    def __init__(self, known: Iterable[str], aliases: Mapping[str, str]) -> None:
        """
        :param known: normalized From addresses that were looked up
        :param aliases: confirmed alias by normalized From address
        """
        self._known = frozenset(known)
        self._aliases = dict(aliases)

    def knows(self, address: str) -> bool:
        """Tell whether the address was looked up, whatever came of it."""
        return address in self._known

    def alias_of(self, address: str) -> str | None:
        """Return the confirmed alias for mail from this address."""
        return self._aliases.get(address)


@dataclass(frozen=True)
class SenderIdentity:
    """What a message leaves with.

    :ivar header_from: From; None leaves it as core decides
    :ivar reply_to: Reply-To; None leaves it as it is
    :ivar envelope_from: envelope sender; None leaves it as core decides (the record's bounce address)
    """

    header_from: Mailbox | None
    reply_to: Mailbox | None
    envelope_from: str | None


def decide_sender(
    *,
    preset: str,
    mailbox: str | None,
    author: Mailbox | None,
    alias: str | None,
    reply_to: Mailbox | None,
) -> SenderIdentity:
    """Decide From, Reply-To and envelope sender of one message.

    :param preset: preset of the server that sends it
    :param mailbox: address that signs in at that server, None for a relay
    :param author: From as the message carries it
    :param alias: confirmed alias of the user whose address From is
    :param reply_to: Reply-To as the message carries it
    """
    header_from = Mailbox(author.name, alias) if author and alias else None
    answers_to_author = bool(author and reply_to and reply_to.address.lower() == author.address.lower())
    return SenderIdentity(
        header_from=header_from,
        # Core fills a missing Reply-To with From; then it has to follow From.
        reply_to=header_from if answers_to_author else None,
        # Exchange wants Send As for the envelope sender, too, and core's bounce address rarely has a mailbox.
        # A connector takes any sender of an accepted domain, so bounces can come back to the record.
        envelope_from=None if preset == "relay" else mailbox,
    )
