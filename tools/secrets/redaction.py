"""Secrets that Odoo would log by itself: kept out of the log where they would get into it, at any level.

At DEBUG, Odoo logs every SQL statement with its values, and every remote call with its parameters; a statement that fails is logged at
ERROR. Filters see what comes from these loggers only, and cost nothing while the level is off.
"""

import logging
import re
from collections.abc import Callable, Iterable
from typing import Final

#: Models whose forms hold secrets: what a client sends for them is not logged.
SECRET_MODELS: Final = frozenset({"office365.app", "ir.mail_server", "fetchmail.server", "office365.switch", "office365.device.sign.in",
    "office365.monitor.shown"})
# Tables whose values are not logged when they are written.
_SECRET_TABLES: Final = re.compile(
    r'(?:INSERT\s+INTO|UPDATE)\s+"?(?:ir_mail_server|fetchmail_server|office365_(?:secret|token|tenant|device_sign_in))"?\b', re.IGNORECASE)
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")
_FAILING_ROW: Final = re.compile(r"(?<=DETAIL:).*", re.DOTALL)  # PostgreSQL shows it whole


class RequestFilter(logging.Filter):
    """Keep tokens and codes out of what shows the address of a page."""

    def __init__(self, paths: Iterable[str]) -> None:
        """
        :param paths: of the pages whose query holds a token
        """
        super().__init__()
        self._token = re.compile(rf"((?:{'|'.join(map(re.escape, paths))})\?)[^\s\"']*")

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without tokens."""
        message = record.getMessage()
        if (shown := self._token.sub(r"\1…", message)) != message:
            record.msg, record.args = shown, ()
        return True


class CallFilter(logging.Filter):
    """Keep what is entered on the forms of :data:`SECRET_MODELS` out of the log of remote calls."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without parameters."""
        if isinstance(record.args, tuple) and any(getattr(arg, "_name", None) in SECRET_MODELS for arg in record.args):
            record.args = tuple("…" if type(arg).__name__ == "Params" else arg for arg in record.args)
        return True


class StatementFilter(RequestFilter):
    """Keep the values that are written to tables with secrets out of the log of SQL statements, and links with tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without values."""
        if isinstance(record.args, tuple):  # psycopg2 keeps statements as bytes, whose repr has other quotes
            record.args = tuple(arg.decode("utf-8", "replace") if isinstance(arg, bytes) else arg for arg in record.args)
        message = record.getMessage()
        if _SECRET_TABLES.search(message):
            record.msg, record.args = _FAILING_ROW.sub(" …", _LITERAL.sub("'…'", message)), ()
        return super().filter(record)


def install(paths: Iterable[str], logger: Callable[[str], logging.Logger] = logging.getLogger) -> None:
    """Set the filters up in this process.

    :param paths: see :class:`RequestFilter`
    """
    paths = tuple(paths)
    logger("werkzeug").addFilter(RequestFilter(paths))
    logger("odoo.service.model").addFilter(CallFilter())
    logger("odoo.sql_db").addFilter(StatementFilter(paths))
