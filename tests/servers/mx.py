"""The tenant's MX host (port 25): mail from anybody to the tenant, and relay for those an inbound connector knows.

Microsoft, *How to set up a multifunction device or application to send email* (direct send, connector relay),
*Important notice for customers who have configured connectors* (certificate connectors), *Introducing more control
over Direct Send*. Refusals are given at RCPT; the documents do not say at which step Exchange gives them.
"""

from __future__ import annotations

import secrets

from . import replies
from .delivery import authentication_results
from .messages import FromError, read_addresses
from .replies import Reply
from .session import SmtpSession
from .tls import certificate_names
from .transfer import OpenTransaction


class MxSession(SmtpSession):
    """A client of the MX listener."""

    async def command_AUTH(self, arg: str | None) -> None:
        await self.answer(replies.S504_5_7_4_UNRECOGNIZED_AUTH)  # never offered here

    def check_recipient(self, address: str, transaction: OpenTransaction) -> Reply | None:
        directory = self.directory
        domain = address.rpartition("@")[2].lower()
        limit = directory.limits.recipients_per_domain
        if limit is not None and sum(known.lower().endswith(f"@{domain}") for known in transaction.recipients) >= limit:
            return replies.S452_4_5_3_TOO_MANY_RECIPIENTS
        own_sender = directory.is_accepted(transaction.envelope_from.rpartition("@")[2])
        names = certificate_names(self.tls.getpeercert()) if self.tls else []
        by_certificate = any(connector.matches_certificate(names) for connector in directory.connectors)
        by_ip = any(connector.matches_ip(self.peer) for connector in directory.connectors)
        if directory.is_accepted(domain):
            if directory.policy.reject_direct_send and own_sender and not (by_certificate or by_ip):
                return replies.S550_5_7_68_DIRECT_SEND_REJECTED
            known = directory.find(address) or directory.policy.catch_all
            return None if known else replies.S550_5_4_1_RECIPIENT_ACCESS_DENIED
        if by_certificate or (by_ip and own_sender):
            return None
        return replies.S550_5_7_64_RELAY_DENIED_ATTR36 if by_ip else replies.S550_5_7_64_RELAY_DENIED

    def accept(self, raw: bytes, transaction: OpenTransaction) -> Reply:
        if transaction.bare_line_feed and not transaction.chunking:
            return replies.S550_5_6_11_INVALID_CHARACTERS
        try:
            author = read_addresses(raw)[0]
        except FromError as error:
            if transaction.envelope_from:
                return error.reply
            author = ""  # a bounce without a proper author is still a bounce
        self.server.delivery.deliver(
            raw,
            transaction.envelope_from,
            transaction.recipients,
            notify=transaction.notify,
            received=f"from [{self.peer}] by {replies.HOSTNAME} with {'ESMTPS' if self.tls else 'ESMTP'}",
            authentication_results=authentication_results(self.peer, transaction.envelope_from, self.directory, author),
        )
        return replies.S250_2_0_0_QUEUED.fill(message_id=f"<{secrets.token_hex(8)}@{replies.HOSTNAME}>")
