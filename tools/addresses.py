"""Addresses as people type them, and the one form in which we compare and store them."""

import base64
import codecs
import functools
import quopri
import re
import unicodedata
from dataclasses import dataclass
from email.utils import getaddresses

import idna

# RFC 5321 4.1.2 dot-string; no quoted strings and no letters beyond ASCII: Exchange Online has no such addresses.
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)

# What reads as an address in a name: something, an @, and a domain with a dot in it. "Help@Work GmbH" is none.
# Around the @ or the dots there may be white space (RFC 5322 section 4.4), before it a quoted string, after it a bracket.
_LABEL = r"""[^\s<>"',;:()\[\]@.]"""
_ADDRESS_IN_NAME = re.compile(
    rf"""((?:"[^"]+"|[^\s<>"',;:()\[\]@]+))\s*@\s*\[?((?:{_LABEL}+\s*\.\s*)+[^\W\d_]{_LABEL}*)""")
_ENCODED_WORD = re.compile(r"=\?(?P<charset>[^?\s]+)\?(?P<encoding>[bq])\?(?P<text>[^?]*)\?=", re.IGNORECASE)
# What separates encoded words shows nothing (RFC 2047 section 6.2).
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
# Codecs for labels in domain names, which take quadratic time for a longer text; nobody writes mail in them.
_SLOW_CODECS = frozenset(("idna", "punycode"))
# Marks that let a program show a name in another order than it is written in (Unicode Standard Annex 9).
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Characters that show nothing, beside those whose category says so.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Encoded words inside encoded words that are opened, each shorter than the one around it.
_MOST_LAYERS = 8


class AddressError(ValueError):
    """The text is not one plain e-mail address.

    :ivar slug: ``malformed`` or ``several``
    """

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


@dataclass(frozen=True)
class Mailbox:
    """A display name and an address (RFC 5322 3.4 calls the pair a mailbox)."""

    name: str
    address: str


def parse_address(text: str) -> str:
    """Return the one address that a person typed, in the form in which we store it.

    A bare address is wanted: a display name would only hide what is really used as From. The result is
    lower case with a Unicode domain, so that two spellings of one address cannot be two aliases.

    :raise AddressError: no address, or more than one
    """
    text = text.strip()
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise AddressError("malformed")  # CR/LF would end the header: header injection
    if re.search(r"[,;]", text) and len([part for part in re.split(r"[,;\s]+", text) if "@" in part]) > 1:
        raise AddressError("several")
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local) or len(local.encode()) > 64:
        raise AddressError("malformed")
    return f"{local.lower()}@{canonical_domain(domain)}"


def canonical_domain(domain: str) -> str:
    """Return a domain in lower case Unicode form (RFC 5890 U-label), whichever form is given.

    :raise AddressError: not a domain name
    """
    domain = domain.strip()
    canonical = (_unicode_domain if len(domain) < 256 else _unicode_domain.__wrapped__)(domain)
    if "." not in canonical:
        raise AddressError("malformed")
    return canonical


@functools.lru_cache(maxsize=256)
def _unicode_domain(domain: str) -> str:
    """Return a domain in its Unicode form. It takes a while, and the addresses of a database are of few domains."""
    try:
        return idna.decode(idna.encode(domain, uts46=True))
    except idna.IDNAError as error:
        raise AddressError("malformed") from error


def domain_of(address: str) -> str:
    """Return the domain of an address as :func:`canonical_domain` writes it, or ``""`` if it has none."""
    try:
        return canonical_domain(address.rpartition("@")[2])
    except AddressError:
        return ""


def canonical_address(address: str) -> str:
    """Return an address, or a bare domain, in the form in which we compare; what has no domain name stays as it is."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local.lower()}{at}{domain_of(address) or domain.lower()}"


def ascii_address(address: str) -> str:
    """Return an address as it goes over the wire: the domain in ASCII (RFC 5890 A-label)."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address  # not a domain name, such as a plain user name: the server judges it


def honest_name(mailbox: Mailbox) -> Mailbox:
    """Return the mailbox without a display name that shows, or decodes to, another address than its own.

    Many programs show the name alone, so ``"ceo@contoso.example" <x@fabrikam.example>`` reads as the wrong address.
    """
    own = canonical_address(mailbox.address)
    decoded = decoded_words(mailbox.name)
    shown = _readable(decoded)
    if "@" in shown and not _BIDI.isdisjoint(decoded):
        return Mailbox("", mailbox.address)  # it may be shown as anything
    if any(canonical_address(f"{local}@{''.join(domain.split())}") != own for local, domain in _ADDRESS_IN_NAME.findall(shown)):
        return Mailbox("", mailbox.address)
    return mailbox


def honest_mailboxes(header: str) -> list[Mailbox] | None:
    """Return the mailboxes of a header such as Reply-To with honest names; None if it has only honest ones."""
    mailboxes = mailboxes_of(header)
    honest = [honest_name(mailbox) for mailbox in mailboxes]
    return honest if honest != mailboxes else None


def decoded_words(text: str) -> str:
    """Return a display name or a subject without encoded words (RFC 2047): some programs decode one inside another one, or in quotes."""
    for _layer in range(_MOST_LAYERS):
        if (decoded := _ENCODED_WORD.sub(_decode_word, _BETWEEN_WORDS.sub("", text))) == text:
            break
        text = decoded
    return text


def octets_as_text(octets: bytes, charset: str) -> str:
    """Return what octets say in a charset as it is labelled, as Latin-1 if there is no such charset."""
    try:
        is_known = codecs.lookup(charset).name not in _SLOW_CODECS
        return octets.decode(charset if is_known else "latin-1", "replace")
    except (LookupError, ValueError):  # ValueError: a NUL in the label, or a codec that takes no "replace"
        return octets.decode("latin-1")


def _readable(name: str) -> str:
    """Return a display name as it reads: compatibility forms of ``@`` and dots look like the real ones, and characters without width
    hide what stands around them.
    """
    plain = unicodedata.normalize("NFKC", name)
    plain = "".join(char for char in plain if char not in _BLANK and unicodedata.category(char) not in ("Cc", "Cf", "Mn", "Me"))
    return plain.replace("\u3002", ".")  # the ideographic full stop: IDNA takes it for a dot, NFKC does not


def _decode_word(word: re.Match) -> str:
    charset, encoding, text = word["charset"].partition("*")[0], word["encoding"].lower(), word["text"].encode("ascii", "replace")
    if encoding == "q":
        octets = quopri.decodestring(text, header=True)
    else:
        try:
            octets = base64.b64decode(text + b"=" * (-len(text) % 4))
        except ValueError:
            return word[0]
    return octets_as_text(octets, charset)


def mailboxes_of(header: str) -> list[Mailbox]:
    """Return the mailboxes of a From or Reply-To header."""
    return [Mailbox(name, address) for name, address in getaddresses([header]) if "@" in address]


def mailbox_of(header: str) -> Mailbox | None:
    """Return the first mailbox of a From or Reply-To header, None if there is no address in it."""
    return next(iter(mailboxes_of(header)), None)
