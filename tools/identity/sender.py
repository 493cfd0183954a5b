"""Sender identity: who a mail comes from, as the recipient sees it (From, Sender) and as Exchange does (envelope sender, login).

The one place where that is decided. It works on values alone; models only feed it.

An address is a user's *by proof*: an administrator set it, or its user opened a link mailed to it. What a user merely says is a
*claim*: it tells Odoo which alias of that user to take when the user writes, and nothing about anybody else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..addresses import Mailbox, canonical_address, honest_name
from .sender_book import BY_ADMINISTRATOR, BY_TEMPLATE, Act, SenderBook

# Why a mail does not leave as the address it was written with (the model layer holds the sentences).
UNVERIFIED = "unverified"
FOREIGN_DOMAIN = "foreign_domain"
OTHER_AUTHOR = "other_author"
NOT_AUTHENTIC = "not_authentic"
MODE = "mode"
NOT_ALLOWED_YET = "not_allowed_yet"

#: The reasons that say something about an address, whose owner may want to know.
ABOUT_ADDRESS = (UNVERIFIED, FOREIGN_DOMAIN, OTHER_AUTHOR, NOT_AUTHENTIC)


@dataclass(frozen=True)
class Service:
    """The server that sends.

    :ivar preset: ``submission``, ``relay`` or ``hve``
    :ivar mode: ``send_as``, ``on_behalf``, ``mailbox`` or ``as_sender``
    :ivar mailbox: address that signs in; for a relay the address that stands in for senders who are not verified
    :ivar strict: whether From must be an address of the user who acts, or a shared one
    :ivar shared: id of the group that may send as each shared sender of the server, canonical; None: everybody
    :ivar listed: single addresses in its From filter, canonical
    :ivar unproved: the database's default From addresses of which Exchange has not shown yet that it lets the mailbox send as them
        (a mail or a probe that it took), canonical
    """

    preset: str
    mode: str = "send_as"
    mailbox: str | None = None
    strict: bool = False
    shared: Mapping[str, int | None] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    unproved: frozenset[str] = frozenset()

    def shares(self, address: str, act: Act) -> bool:
        """Tell whether the address is a shared sender of the server, and who acts may use it."""
        canonical = canonical_address(address)
        if canonical not in self.shared:
            return False
        group = self.shared[canonical]
        # What a template is filled in with comes from the record: a user may have written it, and Odoo itself only sends it.
        return group is None or group in act.actor.groups or (act.actor.is_odoo and act.vouch != BY_TEMPLATE)


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
    :ivar held_back: the address that the mailbox stands in for until Exchange lets mail leave as it
    """

    header_from: Mailbox | None = None
    envelope_from: str | None = None
    sender: str | None = None
    reply_to: Mailbox | None = None
    login: str | None = None
    reason: str | None = None
    refused: bool = False
    held_back: str | None = None


@dataclass(frozen=True)
class _Wanted:
    """The address that a mail may leave with.

    :ivar address: None if there is none
    :ivar alias: the same, if it is the alias of whose address the mail was written with
    :ivar reason: why there is none
    """

    address: str | None = None
    alias: str | None = None
    reason: str | None = None


def decide_sender(
    service: Service,
    book: SenderBook,
    *,
    author: Mailbox | None,
    author_key: str,
    core_from: Mailbox | None,
    reply_to: Mailbox | None,
    act: Act,
    lets_pass: Callable[[str], bool] = lambda _address: True,
) -> SenderIdentity:
    """Decide From, Sender, Reply-To, envelope sender and login of one message.

    :param author: From as the message was written
    :param author_key: its address, normalized as the book's keys are
    :param core_from: From as core would send it through this server (it may put the notification address in its place)
    :param reply_to: Reply-To as the message has it
    :param act: who made the message
    :param lets_pass: tells whether the server's From filter lets an address pass
    """
    if not author:
        return _leaving(service, None, core_from, author, reply_to)
    wanted = _wanted(service, book, author.address, author_key, act, lets_pass)
    if wanted.address:
        header_from = Mailbox(author.name, wanted.alias or author.address)
    elif wanted.reason == FOREIGN_DOMAIN and core_from and book.is_own(core_from.address):
        # Core's notification address. A caller's context may name another one: it has to be the database's own.
        header_from, wanted = core_from, _Wanted(core_from.address)
    elif wanted.reason == FOREIGN_DOMAIN and not service.mailbox:
        header_from, wanted = author, _Wanted(author.address)
    else:
        header_from = author
    mode = "mailbox" if wanted.reason or service.preset == "hve" else service.mode
    if mode == "mailbox" and service.mailbox:
        return _as_mailbox(service, author, header_from, reply_to, wanted.reason)
    if wanted.reason:
        return SenderIdentity(reason=wanted.reason, refused=True)
    if not wanted.alias and canonical_address(header_from.address) in service.unproved:
        return _as_mailbox(service, author, header_from, reply_to, NOT_ALLOWED_YET)
    return _leaving(service, honest_name(header_from), core_from, author, reply_to, alias=wanted.alias)


def alias_for(service: Service, book: SenderBook, author_key: str, act: Act) -> str | None:
    """Return the alias that mail of an author leaves as if this act is behind it; None if it leaves otherwise.

    :param author_key: normalized address that the mail is written with
    """
    return _wanted(service, book, author_key, author_key, act, lambda _address: True).alias


def _wanted(
    service: Service, book: SenderBook, address: str, author_key: str, act: Act, lets_pass: Callable[[str], bool],
) -> _Wanted:
    """Return the address that a mail may leave with, or why there is none: whose is it, and who acts?"""
    known, actor, may_send = book.known(author_key), act.actor, book.sends_for(address)
    if actor.is_outside:
        # Whatever its From says: what leaves here as one of our addresses is signed by the tenant.
        return _Wanted(reason=NOT_AUTHENTIC if may_send or known.holders or book.is_own(address) else FOREIGN_DOMAIN)

    def as_written() -> _Wanted:
        return _Wanted(address) if lets_pass(address) else _Wanted(reason=FOREIGN_DOMAIN)

    def as_holder(alias: str | None) -> _Wanted:
        if alias and book.sends_for(alias) and lets_pass(alias):
            return _Wanted(alias, alias)
        return as_written() if may_send else _Wanted(reason=FOREIGN_DOMAIN)

    if actor.user_id is not None and actor.user_id in known.holders:
        return as_holder(known.holders[actor.user_id])
    alias = known.claims.get(actor.user_id) if actor.user_id is not None else None
    if alias and book.sends_for(alias) and lets_pass(alias):
        return _Wanted(alias, alias)  # the actor's own
    if book.is_own(address) or (may_send and (known.shared or service.shares(address, act))):
        return as_written()
    if known.holders:
        entitled = actor.is_odoo or actor.sends_as_others or act.vouch
        return as_holder(known.alias_for(None)) if entitled and not service.strict else _Wanted(reason=OTHER_AUTHOR)
    if may_send and (canonical_address(address) in service.listed or (act.vouch == BY_ADMINISTRATOR and not service.strict)):
        return as_written()
    return _Wanted(reason=UNVERIFIED if may_send else FOREIGN_DOMAIN)


def _leaving(
    service: Service, wanted: Mailbox | None, core_from: Mailbox | None, author: Mailbox | None, reply_to: Mailbox | None,
    *, alias: str | None = None,
) -> SenderIdentity:
    """Send as the wanted address, or as core has it if there is none."""
    header_from = wanted if wanted != core_from or (alias and wanted != author) else None
    answers_to = _following(reply_to, author, header_from) if alias else None
    if alias and service.mode == "as_sender":
        return SenderIdentity(header_from, alias, reply_to=answers_to, login=alias)
    is_relay, address = service.preset == "relay", wanted.address if wanted else None
    on_behalf = service.mode == "on_behalf" and not is_relay and address != service.mailbox
    return SenderIdentity(
        header_from=header_from,
        # Exchange wants Send As for the envelope sender, too, and core's bounce address rarely has a mailbox. A
        # connector takes any sender of an accepted domain, so bounces can come back to the record.
        envelope_from=None if is_relay else service.mailbox,
        sender=service.mailbox if on_behalf else None,
        reply_to=answers_to,
        login=None if is_relay else service.mailbox,
    )


def _as_mailbox(
    service: Service, author: Mailbox, wanted: Mailbox, reply_to: Mailbox | None, reason: str | None,
) -> SenderIdentity:
    """Send as the mailbox, under the author's name; answers go where they would have gone."""
    assert service.mailbox
    is_held_back = reason == NOT_ALLOWED_YET
    header_from = honest_name(Mailbox(author.name, service.mailbox))
    if not header_from.name:
        header_from = honest_name(Mailbox(author.address.rpartition("@")[0].strip('"'), service.mailbox))
    # Where the mailbox stands in for the notification address, answers to the author go to the author, as in core.
    replaced = {wanted.address.lower()} if is_held_back else {author.address.lower(), wanted.address.lower()}
    keeps_reply_to = reply_to and reply_to.address.lower() not in replaced
    is_relay = service.preset == "relay"
    # An address that the actor may not use is nothing to answer to either: the mailbox takes the answer.
    answers_to = honest_name(wanted) if reason in (None, FOREIGN_DOMAIN) else header_from
    return SenderIdentity(
        header_from=header_from,
        envelope_from=None if is_relay else service.mailbox,
        reply_to=None if keeps_reply_to else answers_to,
        login=None if is_relay else service.mailbox,
        reason=reason or MODE,
        held_back=wanted.address if is_held_back else None,
    )


def _following(reply_to: Mailbox | None, author: Mailbox | None, header_from: Mailbox | None) -> Mailbox | None:
    """Return the Reply-To for a From that changed: core fills a missing one with From, and that follows From."""
    if header_from and reply_to and author and reply_to.address.lower() == author.address.lower():
        return header_from
    return None
