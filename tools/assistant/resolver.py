"""Questions to the name server, each of which takes a bounded time, and all of them together too."""

import time
from typing import Any, Final

import dns.exception
import dns.message
import dns.name
import dns.resolver
import idna

#: Seconds for one question, and for all questions of a resolver: a person waits for them.
EACH: Final = 3.0
TOGETHER: Final = 10.0
# Seconds for one name server, so that there is time for the next one.
_TRY: Final = 1.5


class LookupFailed(Exception):
    """A question has no answer.

    :ivar slug: ``unknown_name`` (NXDOMAIN), ``no_answer`` (nobody answers in time), ``refused`` (the server answers with an error, such as
        SERVFAIL), ``loop`` (aliases lead back to themselves), ``bad_name`` or ``no_resolver`` (this system knows no name server)
    :ivar name: what was asked for
    """

    def __init__(self, slug: str, name: str) -> None:
        super().__init__(f"{name}: {slug}")
        self.slug, self.name = slug, name


class Resolver:
    """Asks the system's name servers, or others.

    :param nameservers: addresses, by default those of the system
    """

    def __init__(
        self, nameservers: list[str] | None = None, port: int = 53, *, each: float = EACH, together: float = TOGETHER,
    ) -> None:
        self._nameservers, self._port, self._each = nameservers, port, each
        self._until = time.monotonic() + together
        self._resolver: dns.resolver.Resolver | None = None
        self._is_silent = True

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, each as one text (RFC 7208 section 3.3).

        :raise LookupFailed: see there
        """
        return [b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, "TXT")]

    def mail_hosts(self, name: str) -> list[str]:
        """Return the hosts of the MX records, the most preferred first; ``""`` is the one of a domain without mail (RFC 7505).

        :raise LookupFailed: see there
        """
        records = sorted(self._ask(name, "MX"), key=lambda record: record.preference)
        return [_text(record.exchange) for record in records]

    def addresses(self, name: str) -> list[str]:
        """Return the IPv4 addresses of a host.

        :raise LookupFailed: see there
        """
        return [record.address for record in self._ask(name, "A")]

    def alias(self, name: str) -> str:
        """Return what a name is an alias of (CNAME), "" if it is none.

        :raise LookupFailed: see there
        """
        return next((_text(record.target) for record in self._ask(name, "CNAME")), "")

    def _ask(self, name: str, kind: str) -> list[Any]:
        seconds = min(self._each, self._until - time.monotonic())
        if seconds <= 0:
            raise LookupFailed("no_answer", name)
        try:
            asked = dns.name.from_text(idna.encode(name.rstrip("."), uts46=True).decode() if not name.isascii() else name)
            answer = self._system().resolve(asked, kind, lifetime=seconds, search=False, raise_on_no_answer=False)
        except Exception as error:
            slug = _slug(error)
            if slug == "no_answer" and self._is_silent:
                self._until = 0  # a name server that was never heard of is not waited for again
            self._is_silent = self._is_silent and slug == "no_answer"
            raise LookupFailed(slug, name) from error
        self._is_silent = False
        return list(answer)

    def _system(self) -> dns.resolver.Resolver:
        if not self._resolver:
            self._resolver = dns.resolver.Resolver(configure=self._nameservers is None)
            self._resolver.timeout = _TRY
            if self._nameservers is not None:
                self._resolver.nameservers, self._resolver.port = self._nameservers, self._port
        return self._resolver


def _slug(error: Exception) -> str:
    """Return what an error of the library means.

    :raise Exception: the error itself, if it is none about names
    """
    if isinstance(error, dns.resolver.NoNameservers):
        found = [each for answer in error.kwargs.get("errors", ()) for each in answer if isinstance(each, Exception)]
        return "loop" if any(isinstance(each, dns.message.ChainTooLong) for each in found) else "refused"
    kinds: list[tuple[type[Exception], str]] = [
        (dns.resolver.NXDOMAIN, "unknown_name"), (dns.exception.Timeout, "no_answer"),
        (dns.resolver.NoResolverConfiguration, "no_resolver"), (idna.IDNAError, "bad_name"),
        (dns.name.LabelTooLong, "bad_name"), (dns.name.EmptyLabel, "bad_name"), (dns.name.NameTooLong, "bad_name"),
        (dns.name.BadEscape, "bad_name"), (dns.name.IDNAException, "bad_name"), (dns.exception.DNSException, "refused"),
        (OSError, "no_answer"),
    ]
    for kind, slug in kinds:
        if isinstance(error, kind):
            return slug
    raise error


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).strip(".").lower()
