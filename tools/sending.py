"""What is known while mail is sent: one object, handed on in the context."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .identity.sender_book import SenderBook
    from .outgoing.queue_run import QueueRun
    from .outgoing.session_pool import SessionPool


@dataclass(frozen=True)
class Sending:
    """What is known while mail is sent. A client can set a context key to any JSON value, but it cannot make one of these.

    :ivar book: senders of the batch, looked up once
    :ivar run: of the mail queue, None if somebody waits for what becomes of the mail
    :ivar pool: keeps the transports that are opened
    :ivar mail_id: id of the ``mail.mail`` that is sent outside a run
    :ivar is_queue: the cron takes mails from the queue
    :ivar is_after_commit: the mails are those of a transaction that was committed: each may be committed as well
    :ivar is_probe: the mail asks Exchange whether it lets the mailbox send as an address, so nothing stands in for that address
    """

    CONTEXT_KEY = "office365_sending"

    book: SenderBook | None = None
    run: QueueRun | None = None
    pool: SessionPool | None = None
    mail_id: int | None = None
    is_queue: bool = False
    is_after_commit: bool = False
    is_probe: bool = False

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Sending:
        """Return what a context knows; nothing is known if nobody here has noted it."""
        noted = context.get(cls.CONTEXT_KEY)
        return noted if isinstance(noted, cls) else cls()

    @classmethod
    def noted(cls, context: Mapping[str, Any], **changes: Any) -> dict[str, Sending]:
        """Return what a context has to be extended by to know this as well."""
        return {cls.CONTEXT_KEY: dataclasses.replace(cls.of(context), **changes)}
