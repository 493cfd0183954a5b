"""SMTP session of our servers."""

import smtplib
from typing import Any


class SmtpSession(smtplib.SMTP):
    """`smtplib.SMTP` that knows its server and keeps secrets out of the log.

    :ivar mail_server_id: id of the ``ir.mail_server`` it belongs to
    :ivar from_filter: read by core when it prepares a message
    :ivar smtp_from: From for which the server was chosen, read by core as well
    """

    mail_server_id: int
    from_filter: str | None
    smtp_from: str | None

    def auth(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Authenticate as `smtplib.SMTP.auth`, but never traced: base64 hides no password from a debug log."""
        debuglevel, self.debuglevel = self.debuglevel, 0
        try:
            return super().auth(*args, **kwargs)
        finally:
            self.debuglevel = debuglevel
