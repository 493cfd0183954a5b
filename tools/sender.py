"""Sender identity: who a mail comes from, as the recipient sees it (From, Sender) and as Exchange does (envelope sender, login).

The one place where that is decided. It works on values alone; models only feed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .addresses import Mailbox, canonical_address, honest_name

# Why a mail does not leave as the address it was written with (the model layer holds the sentences).
UNTRUSTED = "untrusted"
FOREIGN_DOMAIN = "foreign_domain"
OTHER_AUTHOR = "other_author"
MODE = "mode"


@dataclass(frozen=True)
class Known:
    """What the database knows of one address.

    :ivar owner: id of the user whose e-mail or alias it is, None if it is nobody's, 0 if it is several users'
    :ivar alias: that user's confirmed alias
    :ivar trusted: somebody entitled to vouched for it: an administrator, or its owner by a link mailed to it
    """

    owner: int | None = None
    alias: str | None = None
    trusted: bool = False

    def and_also(self, owner: int | None, alias: str | None, trusted: bool) -> "Known":
        """Return the sum of two findings about one address.

        An address that several users share is nobody's own, so none of their aliases takes its place.
        """
        if owner is None:
            return Known(self.owner, self.alias, self.trusted or trusted)
        shared = self.owner is not None and self.owner != owner
        return Known(0 if shared else owner, None if shared else alias, self.trusted or trusted)


class SenderBook:
    """What the database knows of the senders of a batch, looked up once.

    It travels through the context of the batch. A remote caller can fill the context as well, with plain values only: an instance
    of this class can't come from outside, so nobody can smuggle in an alias or a trusted address.
    """

    __slots__ = ("_actors", "_domains", "_known", "_own")

    def __init__(
        self,
        known: Mapping[str, Known],
        *,
        domains: Iterable[str] = (),
        own: Iterable[str] = (),
        actors: Mapping[str, int] | None = None,
    ) -> None:
        """
        :param known: by normalized address, an entry for every address that was looked up
        :param domains: domains and single addresses that our servers send for, canonical
        :param own: addresses of the database itself: alias domains' default From, bounce and catch-all, our mailboxes
        :param actors: id of the user who acted, by Message-Id
        """
        self._known = dict(known)
        self._domains = frozenset(domains)
        self._own = frozenset(map(canonical_address, own))
        self._actors = dict(actors or {})

    def knows(self, address: str) -> bool:
        """Tell whether the address was looked up, whatever came of it."""
        return address in self._known

    def known(self, address: str) -> Known:
        """Return what is known of a normalized address."""
        return self._known.get(address, Known())

    def actor(self, message_id: str) -> int | None:
        """Return the id of the user who sent a message of the batch."""
        return self._actors.get(message_id)

    def sends_for(self, address: str) -> bool:
        """Tell whether the address is of a domain that our servers send for."""
        canonical = canonical_address(address)
        return canonical in self._domains or canonical.rpartition("@")[2] in self._domains

    def trusts(self, address: str) -> bool:
        """Tell whether the address may be used as From: of an allowed domain, and somebody entitled to vouched for it."""
        canonical = canonical_address(address)
        return canonical in self._own or (self.sends_for(address) and self.known(address).trusted)


@dataclass(frozen=True)
class Service:
    """The server that sends.

    :ivar preset: ``submission``, ``relay`` or ``hve``
    :ivar mode: ``send_as``, ``on_behalf``, ``mailbox`` or ``as_sender``
    :ivar mailbox: address that signs in; for a relay the address that stands in for senders who are not trusted
    :ivar strict: whether From must be an address of the user who acts
    """

    preset: str
    mode: str = "send_as"
    mailbox: str | None = None
    strict: bool = False


@dataclass(frozen=True)
class SenderIdentity:
    """What a message leaves with; None leaves a value as core has it.

    :ivar header_from: From
    :ivar envelope_from: envelope sender
    :ivar sender: Sender, which recipients see as "mailbox on behalf of From"
    :ivar reply_to: Reply-To
    :ivar login: mailbox to sign in as, None for a relay
    :ivar reason: why From is not the address the mail was written with
    :ivar refused: the mail must not leave: its From may not be used, and no address can stand in
    """

    header_from: Mailbox | None = None
    envelope_from: str | None = None
    sender: str | None = None
    reply_to: Mailbox | None = None
    login: str | None = None
    reason: str | None = None
    refused: bool = False


def decide_sender(
    service: Service,
    book: SenderBook,
    *,
    author: Mailbox | None,
    author_key: str,
    core_from: Mailbox | None,
    reply_to: Mailbox | None,
    actor: int | None,
    alias_allowed: bool = True,
) -> SenderIdentity:
    """Decide From, Sender, Reply-To, envelope sender and login of one message.

    :param author: From as the message was written
    :param author_key: its address, normalized as the book's keys are
    :param core_from: From as core would send it through this server (it may put the notification address in its place)
    :param reply_to: Reply-To as the message has it
    :param actor: id of the user who acts
    :param alias_allowed: whether the server's From filter lets the alias pass
    """
    known = book.known(author_key)
    alias = known.alias if alias_allowed else None
    wanted = Mailbox(author.name, alias) if author and alias else core_from
    wanted = honest_name(wanted) if wanted else None
    reason = _reason_against(wanted, author, known, book, service, actor, is_alias=bool(alias))
    mode = "mailbox" if reason or service.preset == "hve" else service.mode
    if mode == "mailbox" and service.mailbox and wanted:
        return _as_mailbox(service, honest_name(author) if author else wanted, wanted, reply_to, reason)
    if reason in (UNTRUSTED, OTHER_AUTHOR):
        return SenderIdentity(reason=reason, refused=True)

    replaces = wanted != core_from or (alias and wanted != author)
    header_from = wanted if replaces else None
    address = wanted.address if wanted else None
    if mode == "as_sender" and alias:
        return SenderIdentity(header_from, alias, reply_to=_following(reply_to, author, header_from), login=alias)
    is_relay = service.preset == "relay"
    return SenderIdentity(
        header_from=header_from,
        # Exchange wants Send As for the envelope sender, too, and core's bounce address rarely has a mailbox. A
        # connector takes any sender of an accepted domain, so bounces can come back to the record.
        envelope_from=None if is_relay else service.mailbox,
        sender=service.mailbox if mode == "on_behalf" and not is_relay and address != service.mailbox else None,
        reply_to=_following(reply_to, author, header_from),
        login=None if is_relay else service.mailbox,
    )


def _reason_against(
    wanted: Mailbox | None, author: Mailbox | None, known: Known, book: SenderBook, service: Service, actor: int | None,
    *, is_alias: bool,
) -> str | None:
    """Return why the wanted From may not be used, None if it may."""
    if not wanted or not author:
        return None
    leaves_as_author = is_alias or wanted.address.lower() == author.address.lower()
    if not is_alias and not book.trusts(wanted.address.lower()):
        return UNTRUSTED if book.sends_for(wanted.address) else FOREIGN_DOMAIN
    if not is_alias and not leaves_as_author and book.sends_for(author.address) and not book.trusts(author.address.lower()):
        return UNTRUSTED  # core would hide it behind the notification address, with the name still on it
    if service.strict and leaves_as_author and known.owner is not None and known.owner != actor:
        return OTHER_AUTHOR
    return None


def _as_mailbox(
    service: Service, author: Mailbox, wanted: Mailbox, reply_to: Mailbox | None, reason: str | None,
) -> SenderIdentity:
    """Send as the mailbox, under the author's name; answers go where they would have gone."""
    assert service.mailbox
    header_from = Mailbox(author.name or author.address.rpartition("@")[0], service.mailbox)
    keeps_reply_to = reply_to and reply_to.address.lower() not in (author.address.lower(), wanted.address.lower())
    is_relay = service.preset == "relay"
    return SenderIdentity(
        header_from=header_from,
        envelope_from=None if is_relay else service.mailbox,
        # An address that nobody vouched for is nothing to answer to either: the mailbox takes the answer.
        reply_to=None if keeps_reply_to else header_from if reason == UNTRUSTED else wanted,
        login=None if is_relay else service.mailbox,
        reason=reason or MODE,
    )


def _following(reply_to: Mailbox | None, author: Mailbox | None, header_from: Mailbox | None) -> Mailbox | None:
    """Return the Reply-To for a From that changed: core fills a missing one with From, and that follows From."""
    if header_from and reply_to and author and reply_to.address.lower() == author.address.lower():
        return header_from
    return None
