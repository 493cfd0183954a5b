"""What an error means: the one place that reads what servers and libraries say.

:func:`diagnose` takes the words of a server, or the exception that brought them, and returns a cause with a stable name,
whether another try makes sense, and what the administrator does. The causes are a table (``causes*.py``); here is how a text
is read: which numbers in it are codes, and which row of the table fits.
"""

from __future__ import annotations

import itertools
import re
import smtplib
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from . import causes_entra, causes_recipient, causes_sender, causes_sign_in, causes_transport
from .causes import ANY, PROTOCOLS, SOURCES, Cause, Sign, _lt

#: What is left when no row fits. Its ``signs`` are empty: nothing shows it.
ANYTHING_ELSE: Final = Cause(
    "unknown",
    (),
    _lt("This answer is not known to Odoo. Its words say more; search them at learn.microsoft.com, and look for the mail in Exchange admin"
        " center > Mail flow > Message trace."),
    "NDR",
    protocols=ANY,
)

#: The table, in the order in which it is asked.
CAUSES: Final[tuple[Cause, ...]] = (
    *causes_entra.NUMBERS,
    *causes_sign_in.CAUSES,
    *causes_sender.SENDER,
    *causes_sender.QUOTA,
    *causes_recipient.CAUSES,
    *causes_recipient.OTHERS,
    *causes_entra.WORDS,
    *causes_transport.CAUSES,
)

# Signs of all rows, the most trustworthy kind first; within a kind the table's order (sorted() is stable).
_SIGNS: Final[tuple[tuple[Sign, Cause], ...]] = tuple(
    sorted(((sign, cause) for cause in CAUSES for sign in cause.signs), key=lambda pair: pair[0].rank)
)

# A reply line has 512 octets (RFC 5321 section 4.5.3.1.5). A traceback ends with the error, so the end is read as well.
_READ: Final = 16_384
# Exceptions and recipients looked at, so that no chain and no mass mail takes long.
_MANY: Final = 50
_LONGEST_WAIT: Final = 24 * 3600

_STATUS = r"[45]\.\d{1,3}\.\d{1,3}(?![\w@/+-]|\.\w)"
_START = r"(?<![\w.@/+-])"
# "535 5.7.139", "535-5.7.139", "535, b'5.7.139": RFC 5321 section 4.2.1 and RFC 2034 section 4, smtplib's tuples
_REPLY_AND_STATUS = re.compile(rf"{_START}([45][0-5]\d)(?:[\s-]{{1,3}}|, ?b?['\"])#?({_STATUS})")
_LONE_STATUS = re.compile(rf"{_START}{_STATUS}(?!['\"])")
# The classes x0z to x5z of RFC 5321 section 4.2.1; "503 Server Error" is HTTP, as the library requests words it.
_LONE_REPLY = re.compile(rf"{_START}[45][0-5]\d(?=[\s,:;)'\"-]|$)(?! (?:client|server) error)", re.IGNORECASE)
# Where a number is a code: at the start of a line, of a literal or of a clause, or after a word that announces it …
_ANNOUNCED = re.compile(
    r"(?:^|[\n\"';#|]|:\s|\b(?:error|err|erreur|errore|fehler|fout|code|código|codice|status|state|dsn|ndr|said|reply)[:=#]?)\s{0,2}$",
    re.IGNORECASE,
)
_TUPLE = re.compile(r"[(\[]$")
# … but not here.
_NO_CODE = re.compile(
    r"(?:\b(?:vers\w*|release|build|address|host\w*|ipv?[46]?|[\w-]*id|agent|mailer|port|http\w*(?:\s\w{1,10}){0,2}))\s{0,2}[:=]?\s{0,2}$",
    re.IGNORECASE,
)
_BEFORE: Final = 32  # characters looked at for the three above

_AADSTS = re.compile(r"AADSTS\d{4,9}(?!\d)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+'-])[\w.+'-]{1,64}@[\w.-]{1,255}")
_CONTINUED = re.compile(r"[\r\n]+\s{0,8}(?:[45]\d\d[\s-]{1,3})?(?:[45]\.\d{1,3}\.\d{1,3}\s)?")
_BACKOFF = re.compile(r"back-?off time:?\s{0,3}(\d{1,12})\s{0,3}(milliseconds|ms|seconds|s)\b", re.IGNORECASE)  # Exchange, IMAP
_RETRY_AFTER = re.compile(r"retry[-_ ]after['\"]?\s{0,3}[:=]?\s{0,3}['\"]?(\d{1,9})(?!\d)", re.IGNORECASE)  # RFC 9110 section 10.2.3


@dataclass(frozen=True)
class Diagnosis:
    """What an error means.

    :ivar cause: stable name of the cause
    :ivar retryable: another try may succeed with nobody doing anything
    :ivar retry_after: seconds until it should be made, None if nothing is known about that
    :ivar remedy: what the administrator does, in English; :func:`.causes._lt` marks it for translation
    :ivar source: address of the page that says so
    """

    cause: str
    retryable: bool
    retry_after: int | None
    remedy: str
    source: str


@dataclass(frozen=True)
class Evidence:
    """What of a text can be compared with signs.

    :ivar codes: enhanced status codes and ``AADSTS`` numbers
    :ivar replies: SMTP reply codes
    :ivar words: the text in one line, folded, without addresses
    :ivar temporary: the first code of the text is a 4xx
    """

    codes: frozenset[str]
    replies: frozenset[str]
    words: str
    temporary: bool

    def shows(self, sign: Sign) -> bool:
        """Tell whether the text has this sign."""
        return (
            (not sign.codes or not sign.codes.isdisjoint(self.codes))
            and (not sign.reply or sign.reply in self.replies)
            and all(word in self.words for word in sign.words)
        )


def diagnose(text: object, *, protocol: str | None = None) -> Diagnosis:
    """Return what an error means. Never raises.

    :param text: what the server said, as bytes or str; or the exception, whose ``diagnosis`` is taken if it has one; or a pair of reply
        code and words; or what MSAL returns instead of a token; or smtplib's dict of refused recipients
    :param protocol: ``smtp``, ``imap``, ``pop``, ``entra`` or ``tls`` if it is known who spoke: what only others say is left out
    """
    if isinstance(text, BaseException):
        # Who raised it knew who was asked; on the way up that is lost, as where mail is sent everything counts as SMTP.
        for error in _chain(text):
            if isinstance(known := getattr(error, "diagnosis", None), Diagnosis):
                return known
    found = None
    for voice in itertools.islice(_voices(text), _MANY):
        diagnosis = _of_recipients(voice, protocol) if isinstance(voice, Mapping) else _of_text(voice, protocol)
        if diagnosis.cause != ANYTHING_ELSE.slug:
            return diagnosis
        # An outer exception that says nothing must not hide that an inner one says "later".
        if found is None or (diagnosis.retryable and not found.retryable):
            found = diagnosis
    return found or _diagnosis(ANYTHING_ELSE, retryable=False)


def _of_text(text: str, protocol: str | None) -> Diagnosis:
    evidence = evidence_of(text, smtp=protocol in (None, "smtp"))
    if protocol not in PROTOCOLS:
        # Only SMTP replies have such codes.
        protocol = "smtp" if evidence.replies or not all(code.startswith("AADSTS") for code in evidence.codes) else None
    for sign, cause in _SIGNS:
        if (protocol is None or protocol in cause.protocols) and evidence.shows(sign):
            break
    else:
        cause = ANYTHING_ELSE
    retryable = cause.retryable or (cause.slug == ANYTHING_ELSE.slug and evidence.temporary and not cause.final)
    return _diagnosis(cause, retryable=retryable, retry_after=retry_after(text) if retryable else None)


def _of_recipients(refused: Mapping, protocol: str | None) -> Diagnosis:
    """Return the diagnosis of all recipients: one that may succeed later is reason enough to try again."""
    found = [diagnose(answer, protocol=protocol) for answer in itertools.islice(refused.values(), _MANY)]
    found.sort(key=lambda diagnosis: (not diagnosis.retryable, diagnosis.cause == ANYTHING_ELSE.slug))
    return found[0] if found else _diagnosis(ANYTHING_ELSE, retryable=False)


def _diagnosis(cause: Cause, *, retryable: bool, retry_after: int | None = None) -> Diagnosis:
    return Diagnosis(
        cause.slug, retryable, (retry_after or cause.retry_after) if retryable else None, cause.remedy, SOURCES[cause.source])


def evidence_of(text: str, *, smtp: bool = True) -> Evidence:
    """Return what of a text can be compared with signs.

    :param smtp: the text may hold SMTP codes
    """
    text = _short(text).replace("\\r", "\r").replace("\\n", "\n")  # of a repr()
    replies, statuses = smtp_codes(text) if smtp else ([], [])
    words = " ".join(_CONTINUED.sub(" ", _ADDRESS.sub("@", text)).casefold().split())
    return Evidence(
        codes=frozenset(statuses) | {code.upper() for code in _AADSTS.findall(text)},
        replies=frozenset(replies),
        words=words,
        temporary=(replies or statuses or [""])[0].startswith("4"),
    )


def smtp_codes(text: str) -> tuple[list[str], list[str]]:
    """Return the reply codes and the enhanced status codes (RFC 3463) of a text, in its order.

    Versions, addresses and parts of names are no codes: only what stands where codes stand.
    """
    pairs = {(match.start(1), match.start(2)): match for match in _REPLY_AND_STATUS.finditer(text)}
    replies = {start: match[1] for (start, _), match in pairs.items()}
    statuses = {start: match[2] for (_, start), match in pairs.items()}
    for match in _LONE_STATUS.finditer(text):
        if match.start() not in statuses and _is_code(text, match.start()):
            statuses[match.start()] = match[0]
    for match in _LONE_REPLY.finditer(text):
        if match.start() not in replies and _is_code(text, match.start(), in_tuple=True):
            replies[match.start()] = match[0]
    return [replies[start] for start in sorted(replies)], [statuses[start] for start in sorted(statuses)]


def _is_code(text: str, start: int, *, in_tuple: bool = False) -> bool:
    where = max(0, start - _BEFORE), start
    return bool(
        (_ANNOUNCED.search(text, *where) or (in_tuple and _TUPLE.search(text, *where))) and not _NO_CODE.search(text, *where)
    )


def retry_after(text: str) -> int | None:
    """Return the seconds that a text asks to wait, rounded up and at most a day; None if it names none."""
    text = _short(text)
    if match := _BACKOFF.search(text):
        milliseconds = int(match[1]) * (1 if match[2].lower().startswith("m") else 1000)
    elif match := _RETRY_AFTER.search(text):
        milliseconds = int(match[1]) * 1000
    else:
        return None
    return min(max(-(-milliseconds // 1000), 1), _LONGEST_WAIT)


def _voices(said: object) -> Iterator[str | Mapping]:
    """Yield what is to be read, one voice at a time, an exception before what it was raised from."""
    if isinstance(said, BaseException):
        for error in _chain(said):
            yield from _of_exception(error)
    elif isinstance(said, Mapping):
        yield _oauth_text(said) if "error" in said else said
    elif isinstance(said, (tuple, list)):
        if said and isinstance(said[0], int):
            yield _reply_text(said[0], _as_text(said[1]) if len(said) > 1 else "")
        else:  # imaplib: [b'AUTHENTICATE failed.']
            yield "\n".join(_as_text(part) for part in said[:_MANY])
    else:
        yield _as_text(said)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, those inside it, and those it was raised from; each once."""
    left, seen = [error], set()
    while left and len(seen) < _MANY:
        error = left.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inside = [*_arguments(error), *getattr(error, "exceptions", ()), getattr(error, "reason", None), error.__cause__]
        if not error.__suppress_context__:
            inside.append(error.__context__)
        left += [each for each in inside if isinstance(each, BaseException)]


def _of_exception(error: BaseException) -> Iterator[str | Mapping]:
    if isinstance(error, smtplib.SMTPRecipientsRefused) and isinstance(error.recipients, Mapping):
        yield error.recipients
        return
    yield from (_oauth_text(part) for part in _arguments(error) if isinstance(part, Mapping) and "error" in part)
    code = getattr(error, "smtp_code", None)
    if isinstance(code, int) and code > 0:
        said = _reply_text(code, _as_text(getattr(error, "smtp_error", "")))
    else:
        # Also for an exception whose __str__ fails.
        said = "".join(traceback.format_exception_only(type(error), error))
    # Names of base classes are signs, too: our own CertificateRefused is an SSLError.
    names = " ".join(kind.__qualname__ for kind in type(error).__mro__ if issubclass(kind, Exception))
    yield f"{_short(said)}\n{names}"


def _arguments(error: BaseException) -> Iterable[object]:
    return error.args[:_MANY] if isinstance(error.args, tuple) else ()


def _oauth_text(answer: Mapping) -> str:
    """Return MSAL's answer as text: ``error``, ``error_description`` and the numbers of ``error_codes`` (RFC 6749 section 5.2)."""
    numbers = answer.get("error_codes")
    codes = [f"AADSTS{number}" for number in numbers[:_MANY]] if isinstance(numbers, (list, tuple)) else []
    waits = [f"Retry-After: {_as_text(answer[key])}" for key in ("retry_after", "Retry-After") if key in answer]
    words = [_as_text(answer.get(key)) for key in ("error", "suberror", "error_description")]
    return "\n".join([*words, *codes, *waits])


def _reply_text(code: int, words: str) -> str:
    """Return a reply as it was on the wire, the code on every line; smtplib takes it off."""
    return "\n".join(f"{code} {line}" for line in (_short(words).splitlines() or [""]))


def _as_text(said: object) -> str:
    if isinstance(said, (bytes, bytearray, memoryview)):
        return _short(bytes(said).decode("utf-8", "replace"))
    if isinstance(said, str):
        return _short(str(said))
    return str(said) if type(said) is int else ""


def _short(text: str) -> str:
    return text if len(text) <= 2 * _READ else f"{text[:_READ]} … {text[-_READ:]}"
