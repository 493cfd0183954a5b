"""Where in an SMTP session something was refused: that narrows what the refusal can be about."""

from __future__ import annotations

import enum
import smtplib


class Stage(enum.Enum):
    """A part of a session.

    Before MAIL the server knows of no mail, so nothing it says there can be about one. An answer to RCPT is about that recipient.
    """

    OPEN = "open"  # name, connection, banner, EHLO, STARTTLS, certificate, and what we need for them
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"
    UNKNOWN = "unknown"

    @property
    def is_before_mail(self) -> bool:
        """Whether no mail is concerned yet."""
        return self in (Stage.OPEN, Stage.SIGN_IN)


_OF_KIND = {
    smtplib.SMTPSenderRefused: Stage.SENDER,
    smtplib.SMTPRecipientsRefused: Stage.RECIPIENT,
    smtplib.SMTPDataError: Stage.CONTENT,
}


def stage_of(error: BaseException, *, opening: bool = False) -> Stage:
    """Return where an error of `smtplib` comes from.

    :param opening: it kept a session from being opened
    """
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Stage.SIGN_IN
    if opening:
        return Stage.OPEN
    return next((stage for kind, stage in _OF_KIND.items() if isinstance(error, kind)), Stage.UNKNOWN)
