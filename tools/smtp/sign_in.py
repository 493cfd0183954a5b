"""What a refused sign-in is called."""

import contextlib
import smtplib
from collections.abc import Callable, Iterator

from ..errors import SmtpSignInRefused, smtp_reply_text


@contextlib.contextmanager
def refusal_explained(explain: Callable[[Exception, str], str]) -> Iterator[None]:
    """Say what to do about a sign-in that the server refuses.

    :param explain: returns the text for the administrator, given the error and the server's reply
    :raise SmtpSignInRefused: the server refused
    """
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        reply = smtp_reply_text(error.smtp_code, error.smtp_error)
        raise SmtpSignInRefused(error.smtp_code, error.smtp_error, explain(error, reply)) from error
