"""High Volume Email as smtp.hve.mx.microsoft offers it: an account of its own that writes to the own organization only.

https://learn.microsoft.com/exchange/mail-flow-best-practices/high-volume-mails-m365
"""

from __future__ import annotations

from . import replies
from .replies import Reply
from .submission import SubmissionSession
from .transfer import OpenTransaction


class HveSession(SubmissionSession):
    """A client of the HVE listener. It knows no limit of messages, and nobody sends as somebody else."""

    service = "hve"

    def check_mail(self, address: str) -> Reply | None:
        return None if self.record.login else replies.S530_5_7_57_NOT_AUTHENTICATED

    def check_recipient(self, address: str, transaction: OpenTransaction) -> Reply | None:
        if not self.directory.is_accepted(address.rpartition("@")[2]):
            return replies.S550_5_5_105_HVE_INTERNAL_ONLY
        return super().check_recipient(address, transaction)

    def _may_send(self, mailbox: str, address: str, sender_header: str) -> bool:
        return address.lower() == mailbox
