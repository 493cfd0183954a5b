"""What an error means: the one place that reads what servers and libraries say.

:func:`diagnose` takes the words of a server, or the exception that brought them, and returns a cause with a stable name,
whether another try makes sense, what was refused, and what the administrator does. The causes are a table (``causes/``); which
numbers and words of a text count is decided in :mod:`.evidence`; here is which row of the table fits:

1. A code outranks words (:attr:`.Sign.rank`).
2. The class of the reply code decides whether another try makes sense, not the words (RFC 5321 section 4.2.1): of what can pass by itself,
   a 5xx is tried again only where the table says so by its code; a 4xx always, unless the table says that it stays.
3. A row fits only if a server can mean it at that stage of the session.
4. What is not known says so with its code. Words that stand for many causes say nothing beside an unknown number of Microsoft Entra.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import smtplib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .cause import PROTOCOLS, RECIPIENT, SENDER, SERVER, SESSION, STAGES, Cause, Sign
from .causes import entra, other, quota, recipient, relay, reputation, sender, sign_in, transport
from .causes.other import ANYTHING_ELSE, CODE_UNKNOWN, NUMBER_UNKNOWN
from .causes.sources import SOURCES
from .evidence import Evidence, evidence_of, retry_after, short

#: The table, in the order in which it is asked.
CAUSES: Final[tuple[Cause, ...]] = (
    *entra.NUMBERS,
    *sign_in.CAUSES,
    *sender.CAUSES,
    *quota.CAUSES,
    *reputation.CAUSES,
    *relay.CAUSES,
    *other.CAUSES,
    *recipient.CAUSES,
    *entra.WORDS,
    *transport.CAUSES,
    *other.SUBJECTS,
)

# Signs of all rows, the most trustworthy kind first; within a kind the table's order (sorted() is stable).
_SIGNS: Final[tuple[tuple[Sign, Cause], ...]] = tuple(
    sorted(((sign, cause) for cause in CAUSES for sign in cause.signs), key=lambda pair: pair[0].rank)
)
_NUMBERS: Final[frozenset[str]] = frozenset(code for cause in entra.NUMBERS for sign in cause.signs for code in sign.codes)
_NO_SIGN: Final = Sign()

# Exceptions and recipients looked at, so that no chain and no mass mail takes long.
_MANY: Final = 50


@dataclass(frozen=True)
class Diagnosis:
    """What an error means.

    :ivar cause: stable name of the cause
    :ivar retryable: another try may succeed with nobody doing anything
    :ivar retry_after: seconds until it should be made, None if nothing is known about that
    :ivar remedy: what the administrator does, in English
    :ivar source: address of the page that says so
    :ivar stage: one of :data:`.causes.STAGES`: at what of an SMTP session it was said; "" if nothing tells
    :ivar about: what was refused: ``server`` (whatever it was asked for), ``sender``, ``recipient`` or ``message``; "" if nothing tells
    :ivar template: the remedy as it is marked for translation (:func:`.causes._lt`), with ``<code>`` for the code
    :ivar code: the code that is filled in there
    """

    cause: str
    retryable: bool
    retry_after: int | None
    remedy: str
    source: str
    about: str = ""
    stage: str = ""
    template: str = ""
    code: str = ""

    def translated(self, translate: Callable[[str], str]) -> str:
        """Return the remedy in another language.

        :param translate: of a text marked for translation, as ``env._``
        """
        return translate(self.template or self.remedy).replace("<code>", self.code)


@dataclass(frozen=True)
class _Asked:
    """What is known of the request that failed, beside the answer."""

    protocol: str | None
    stage: str
    worked_before: bool


def diagnose(text: object, *, protocol: str | None = None, stage: str | None = None, worked_before: bool = False) -> Diagnosis:
    """Return what an error means. Never raises.

    :param text: what the server said, as bytes or str; or the exception, whose ``diagnosis`` is taken if it has one; or a pair of reply
        code and words; or what MSAL returns instead of a token; or smtplib's dict of refused recipients
    :param protocol: ``smtp``, ``imap``, ``pop``, ``entra`` or ``tls`` if it is known who spoke: what only others say is left out
    :param stage: one of :data:`.causes.STAGES`: at what of an SMTP session it was said. Exceptions of smtplib tell it by themselves
    :param worked_before: the same was done at this server before, with the same account
    """
    if isinstance(text, BaseException):
        # Who raised it knew who was asked; on the way up that is lost, as where mail is sent everything counts as SMTP.
        for error in _chain(text):
            if isinstance(known := getattr(error, "diagnosis", None), Diagnosis):
                return known
    asked = _Asked(protocol, stage if stage in STAGES else "", worked_before)
    found = None
    for voice in itertools.islice(_voices(text), _MANY):
        diagnosis = _of_recipients(voice, protocol) if isinstance(voice, Mapping) else _of_text(voice, asked)
        if diagnosis.cause != ANYTHING_ELSE.slug:
            return diagnosis
        # What was refused at a stage was refused there, whatever it was raised from.
        asked = dataclasses.replace(asked, stage=diagnosis.stage)
        # An outer exception that says nothing must not hide that an inner one says "later".
        if found is None or (diagnosis.retryable and not found.retryable):
            found = diagnosis
    return found or _of_text("", asked)


def _of_text(text: str, asked: _Asked) -> Diagnosis:
    evidence = evidence_of(text, smtp=asked.protocol in (None, "smtp"))
    stage = asked.stage or evidence.stage
    sign, cause = _row(evidence, asked, stage)
    retryable = _worth_another_try(evidence, sign, cause)
    template, code = cause.remedy, evidence.code
    if _number_unknown(evidence):
        template = NUMBER_UNKNOWN.remedy
        code = code.removeprefix("AADSTS")
    return Diagnosis(
        cause=cause.slug,
        retryable=retryable,
        retry_after=(retry_after(text) or cause.retry_after) if retryable else None,
        remedy=template.replace("<code>", code),
        source=SOURCES[cause.source],
        about=_about(cause, stage, asked.protocol),
        stage=stage,
        template=template,
        code=code,
    )


def _row(evidence: Evidence, asked: _Asked, stage: str) -> tuple[Sign, Cause]:
    """Return the first row that fits, and by which sign."""
    protocol = asked.protocol
    if protocol not in PROTOCOLS:
        # Only SMTP replies have such codes.
        protocol = "smtp" if evidence.replies or evidence.statuses else None
    vague_counts = not _number_unknown(evidence)
    for sign, cause in _candidates(protocol, stage, asked.worked_before, vague_counts, evidence.severity == "5"):
        if evidence.shows(sign):
            return sign, cause
    if not vague_counts:
        return _NO_SIGN, NUMBER_UNKNOWN
    return _NO_SIGN, CODE_UNKNOWN if evidence.code else ANYTHING_ELSE


@functools.cache  # of some hundred combinations at most
def _candidates(
    protocol: str | None, stage: str, worked_before: bool, vague_counts: bool, is_permanent: bool,
) -> tuple[tuple[Sign, Cause], ...]:
    """Return the rows that can be meant, whatever the words."""
    return tuple(
        (sign, cause) for sign, cause in _SIGNS
        if (protocol is None or protocol in cause.protocols)
        and (worked_before or not cause.after_success)
        and (vague_counts or not cause.vague)
        # "554 Connection refused by policy" is no broken connection.
        and not (is_permanent and cause.retryable and not (sign.codes or sign.reply))
        and cause.can_be_said_at(stage))


def _number_unknown(evidence: Evidence) -> bool:
    return bool(evidence.numbers) and _NUMBERS.isdisjoint(evidence.numbers)


def _worth_another_try(evidence: Evidence, sign: Sign, cause: Cause) -> bool:
    if cause.final or not evidence.severity:
        return cause.retryable
    if evidence.severity == "4":
        return True
    by_code = sign.reply or any(code.startswith("5") for code in sign.codes.intersection(evidence.statuses))
    return bool(by_code) and cause.retryable


def _about(cause: Cause, stage: str, protocol: str | None) -> str:
    """Return what was refused. Where the stage leaves only one thing, the words do not matter."""
    if stage in SESSION or protocol in ("imap", "pop", "entra", "tls"):
        return SERVER
    if stage == "rcpt":
        return RECIPIENT  # the next one may be taken, whatever was said of the server
    return cause.about or (SENDER if stage == "mail" else "")


def _of_recipients(refused: Mapping, protocol: str | None) -> Diagnosis:
    """Return the diagnosis of all recipients: one that may succeed later is reason enough to try again."""
    found = [diagnose(answer, protocol=protocol, stage="rcpt") for answer in itertools.islice(refused.values(), _MANY)]
    found.sort(key=lambda diagnosis: (not diagnosis.retryable, diagnosis.cause == ANYTHING_ELSE.slug))
    return found[0] if found else _of_text("", _Asked(protocol, "rcpt", worked_before=False))


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
    left: list[BaseException] = [error]
    seen: set[int] = set()
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
    yield f"{short(said)}\n{names}"


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
    return "\n".join(f"{code} {line}" for line in (short(words).splitlines() or [""]))


def _as_text(said: object) -> str:
    if isinstance(said, (bytes, bytearray, memoryview)):
        return short(bytes(said).decode("utf-8", "replace"))
    if isinstance(said, str):
        return short(str(said))
    return str(said) if type(said) is int else ""
