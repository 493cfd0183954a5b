"""Why a server, or something here, did not take a message: the words, what they mean, and where in the session."""

from __future__ import annotations

import dataclasses
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import psycopg2

from ..diagnosis.cause import RECIPIENT, SESSION, _lt
from ..diagnosis.reader import Diagnosis, diagnose
from ..errors import smtp_reply_text, storable

_IN_DOUBT: Final = _lt(
    "The mail may have arrived: the connection ended twice after the message was sent and before the server replied. Odoo does not send it "
    "again by itself. Look for its Message-Id in Exchange admin center > Mail flow > Message trace; press Retry only if it is not there.")


@dataclass(frozen=True)
class Refusal:
    """Why something was not taken.

    :ivar words: the server's own, or those of the error that kept it from answering; fit to be stored, whatever they were
    """

    words: str
    diagnosis: Diagnosis

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", storable(self.words))

    @property
    def stage(self) -> str:
        """Where in the session, as :data:`.causes.STAGES` names it; "" if that is not known."""
        # A reply to the message may be about its only recipient.
        return "rcpt" if self.diagnosis.about == RECIPIENT else self.diagnosis.stage

    @classmethod
    def of(cls, error: BaseException, *, opening: bool = False) -> Refusal:
        """Return what an error means.

        :param opening: it kept the session from being opened
        """
        if isinstance(error, (psycopg2.Error, MemoryError)):
            return cls.of_ours(error)
        if type(error).__str__ is smtplib.SMTPException.__str__ and isinstance(error, smtplib.SMTPResponseException):
            words = smtp_reply_text(error.smtp_code, error.smtp_error)
        else:
            words = str(error) or type(error).__name__
        diagnosis = diagnose(error)
        if opening and diagnosis.stage not in SESSION:
            # Who raised it may have known what it means, but not that it was asked for a session.
            diagnosis = dataclasses.replace(diagnose(error, stage="connect"), stage="connect")
        return cls(words, diagnosis)

    @classmethod
    def of_ours(cls, error: BaseException) -> Refusal:
        """Return what an error means that is no server's: something here went wrong, and may go well the next time."""
        words = f"{type(error).__name__}: {error}"
        return cls(words, Diagnosis("unknown", retryable=True, retry_after=None, remedy="", source=""))

    @classmethod
    def final(cls, cause: str, words: str) -> Refusal:
        """Return a refusal of ours, which says by itself what to do."""
        return cls(words, Diagnosis(cause, retryable=False, retry_after=None, remedy="", source=""))

    @classmethod
    def of_reply(cls, code: int, words: bytes | str) -> Refusal:
        """Return what the reply to a RCPT command means."""
        text = smtp_reply_text(code, words)
        return cls(text, diagnose(text, protocol="smtp", stage="rcpt"))

    def in_doubt(self) -> Refusal:
        """Return the same of a message that may have been taken, and is not sent again by itself."""
        return dataclasses.replace(
            self, diagnosis=dataclasses.replace(self.diagnosis, retryable=False, retry_after=None, remedy=_IN_DOUBT, template=""))


def refused_recipients(error: BaseException) -> Mapping[str, tuple[int, bytes]]:
    """Return smtplib's answers to single recipients from an error or what it was raised from."""
    for each in chain(error):
        if isinstance(recipients := getattr(each, "recipients", None), dict):
            return recipients
    return {}


def raised_from(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """Return the error of a kind that an error was raised from, itself included."""
    return next((each for each in chain(error) if isinstance(each, kind)), None)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
