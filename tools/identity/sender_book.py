"""What is known of the senders of a batch: whose an address is, who acts, and what vouches for it. :mod:`.sender` decides by that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..addresses import canonical_address

# Who vouched for the From of a message beside its author: a template that somebody entitled to it wrote, rendered for the record
# of the message; or an administrator, who wrote the very address into a template.
BY_TEMPLATE = "template"
BY_ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Known:
    """What the database knows of one address.

    :ivar holders: confirmed alias (None: none) of each user whose e-mail or alias it is by proof
    :ivar claims: confirmed alias of each user who only says that it is theirs
    :ivar shared: it is the company's, or a mail alias that an administrator named
    """

    holders: Mapping[int, str | None] = field(default_factory=dict)
    claims: Mapping[int, str | None] = field(default_factory=dict)
    shared: bool = False

    def with_user(self, user_id: int, alias: str | None, *, proved: bool) -> "Known":
        """Return the same with one more user."""
        if proved:
            return Known({**self.holders, user_id: alias}, self.claims, self.shared)
        return Known(self.holders, {**self.claims, user_id: alias}, self.shared)

    def with_shared(self, shared: bool) -> "Known":
        """Return the same with one more finding about a shared address; one that says no takes nothing away from the others."""
        return Known(self.holders, self.claims, self.shared or shared)

    def alias_for(self, user_id: int | None) -> str | None:
        """Return the alias that takes the place of this address in mail of a user; None if there is none, or it is not clear whose.

        :param user_id: who acts; if it is not their address, the alias of its only holder counts
        """
        if user_id is not None and user_id in self.holders:
            return self.holders[user_id]
        if user_id is not None and (alias := self.claims.get(user_id)):
            return alias
        return next(iter(self.holders.values())) if len(self.holders) == 1 and not self.shared else None

    @property
    def likely_alias(self) -> str | None:
        """An alias that mail with this address may leave as, before it is known who acts: of a holder rather than of a claim."""
        return next(filter(None, (*self.holders.values(), *self.claims.values())), None)


@dataclass(frozen=True)
class Actor:
    """Who acts.

    :ivar user_id: id of the user; None if no user is behind the mail
    :ivar is_odoo: Odoo itself acts (a cron, an automation), with no user behind it
    :ivar sends_as_others: member of the group *Send as others*
    :ivar groups: ids of the user's groups, as far as a shared sender asks for one
    :ivar is_outside: the mail came in from outside, and Exchange does not say that its sender is genuine
    """

    user_id: int | None = None
    is_odoo: bool = False
    sends_as_others: bool = False
    groups: frozenset[int] = frozenset()
    is_outside: bool = False


#: Nobody who is entitled to anything but shared addresses: a visitor, a user who is gone.
NOBODY = Actor()


@dataclass(frozen=True)
class Act:
    """Who made a message, as the server noted it.

    :ivar vouch: who vouched for its From beside the actor: :data:`BY_TEMPLATE`, :data:`BY_ADMINISTRATOR` or None
    """

    actor: Actor = NOBODY
    vouch: str | None = None


class SenderBook:
    """What the database knows of the senders of a batch, looked up once.

    It travels through the context of the batch. A remote caller can fill the context as well, with plain values only: an instance
    of this class cannot come from outside, so nobody can smuggle in an alias or a verified address.

    :ivar authors: normalized From address of each ``mail.mail`` of the batch, by id
    :ivar acts: who made each of them; None until it is asked for, as only servers of ours want to know
    :ivar actors: users who act, by id, as far as they were looked up
    """

    __slots__ = ("_domains", "_known", "_own", "actors", "acts", "authors")

    def __init__(
        self,
        known: Mapping[str, Known],
        *,
        domains: Iterable[str] = (),
        own: Iterable[str] = (),
        authors: Mapping[int, str] | None = None,
    ) -> None:
        """
        :param known: by normalized address, an entry for every address that was looked up
        :param domains: domains and single addresses that our servers send for, canonical
        :param own: addresses of the database itself: alias domains' default From, bounce and catch-all, our mailboxes
        """
        self._known = dict(known)
        self._domains = frozenset(domains)
        self._own = frozenset(map(canonical_address, own))
        self.authors = dict(authors or {})
        self.acts: dict[int, Act] | None = None
        self.actors: dict[int, Actor] = {}

    def knows(self, address: str) -> bool:
        """Tell whether the address was looked up, whatever came of it."""
        return address in self._known

    def known(self, address: str) -> Known:
        """Return what is known of a normalized address."""
        return self._known.get(address, Known())

    def sends_for(self, address: str) -> bool:
        """Tell whether the address is of a domain that our servers send for."""
        canonical = canonical_address(address)
        return canonical in self._domains or canonical.rpartition("@")[2] in self._domains

    def is_own(self, address: str) -> bool:
        """Tell whether the address is the database's own."""
        return canonical_address(address) in self._own
