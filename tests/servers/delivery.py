"""Routing: which mailbox gets a message, and the headers it gets on its way."""

from __future__ import annotations

import email.policy
import email.utils
import itertools
import re
import secrets
import threading
from collections.abc import Iterable
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from pathlib import Path

from .directory import CUSTOMER, Directory
from .maildir import Maildir
from .replies import HOSTNAME, S250_2_1_5_RECIPIENT_OK, S550_5_1_10_RECIPIENT_NOT_FOUND, Reply

_report_number = itertools.count(1)


class Delivery:
    """The mailboxes and the way into them.

    :param folder: parent of the maildirs.
    :param owner: (uid, gid) the files get, None = those of this process.
    """

    def __init__(self, directory: Directory, folder: Path, owner: tuple[int, int] | None = None):
        self._directory = directory
        self._folder = folder
        self._owner = owner
        self._mailboxes: dict[str, Maildir] = {}
        self._lock = threading.Lock()

    def mailbox(self, address: str) -> Maildir:
        """Return the mailbox of an address (primary or alias) of the directory.

        :raise KeyError: if nobody has the address.
        """
        account = self._directory.find(address)
        if account is None:
            raise KeyError(f"no mailbox has the address {address}")
        name = account.address.lower()
        with self._lock:
            if name not in self._mailboxes:
                self._mailboxes[name] = Maildir(name, self._folder / name / "Maildir", self._owner)
            return self._mailboxes[name]

    def create_all(self) -> None:
        """Make the maildirs of all accounts."""
        for address in list(self._directory.accounts):
            self.mailbox(address)

    def clear(self) -> None:
        """Empty all mailboxes."""
        with self._lock:
            mailboxes = list(self._mailboxes.values())
        for mailbox in mailboxes:
            mailbox.clear()

    def resolve(self, recipient: str, *, inside: bool = False) -> Maildir | None:
        """Return the mailbox that mail to ``recipient`` reaches.

        :param inside: a sender of the tenant has signed in.

        A known address reaches its own mailbox; an unknown one of an accepted domain the catch-all mailbox, or none
        if the catch-all is off; any outside address reaches the customer's mailbox, so that a test or a person can
        answer as the customer.
        """
        account = self._directory.find(recipient)
        if account is None and self._directory.is_accepted(recipient.rpartition("@")[2]):
            policy = self._directory.policy
            takes = policy.catch_all and not (inside and policy.catch_all_from_outside)
            account = self._directory.find(policy.catch_all) if takes else None
        elif account is None:
            account = self._directory.find(CUSTOMER)
        return self.mailbox(account.address) if account else None

    def deliver(
        self,
        raw: bytes,
        envelope_from: str,
        recipients: Iterable[str],
        *,
        received: str = "",
        authentication_results: str = "",
        notify: dict[str, str] | None = None,
        inside: bool = False,
    ) -> None:
        """Put the message into the mailboxes of its recipients, one copy per mailbox, as Exchange merges them.

        To, Cc and Message-ID stay as they are: a redirecting transport rule replaces the envelope recipient only.

        :param received: body of the Received header.
        :param authentication_results: body of the Authentication-Results header, empty for mail from inside.
        :param notify: recipient to NOTIFY value (RFC 3461); SUCCESS asks for a delivery report.
        :param inside: a sender of the tenant has signed in: for mailboxes of the tenant, Exchange says so in place of a DMARC result.
        """
        trace = f"Return-Path: <{envelope_from}>\r\n"
        if authentication_results:
            # Exchange leaves headers of the same name below its own: a reader must trust the topmost only.
            trace += f"Authentication-Results: {authentication_results}\r\n"
        trace += f"Received: {received or 'from localhost'}; {email.utils.formatdate()}\r\n"
        reached: dict[Path, Maildir] = {}
        for recipient in recipients:
            wishes = (notify or {}).get(recipient, "").upper().split(",")
            mailbox = self.resolve(recipient, inside=inside)
            if mailbox is None:
                if "NEVER" not in wishes:
                    refusal = S550_5_1_10_RECIPIENT_NOT_FOUND.fill(recipient=recipient)
                    self._report(raw, envelope_from, recipient, "failed", refusal)
                continue
            reached[mailbox.path] = mailbox
            if "SUCCESS" in wishes:
                self._report(raw, envelope_from, recipient, "delivered", S250_2_1_5_RECIPIENT_OK)
        for mailbox in reached.values():
            own = self._directory.is_accepted(mailbox.address.rpartition("@")[2])
            rule = self._directory.policy.transport_rule if own else None
            if (changed := rule(raw) if rule else raw) is None:
                continue
            stamp = _internal_stamp(raw) if inside and own else ""
            folder = self._directory.policy.delivered_to if own else "INBOX"
            mailbox.deliver((stamp + trace).encode("utf-8") + changed, folder)

    def save_sent(self, mailbox: str, raw: bytes) -> None:
        """Copy a submitted message into the mailbox's Sent Items, read, as Exchange does for SMTP AUTH."""
        self.mailbox(mailbox).deliver(raw, "Sent Items", flags="S")

    def _report(self, raw: bytes, envelope_from: str, recipient: str, action: str, reply: Reply) -> None:
        """Send a delivery status notification (RFC 3464) to the envelope sender; a null sender gets none (RFC 3461
        section 6.2).
        """
        if not envelope_from:
            return
        original = BytesHeaderParser().parsebytes(raw)
        report = EmailMessage()
        report["From"] = f"Microsoft Outlook <postmaster@{envelope_from.rpartition('@')[2]}>"
        report["To"] = envelope_from
        report["Subject"] = (
            f"{'Undeliverable' if action == 'failed' else 'Delivered'}: {original['Subject'] or ''}".replace("\n", " ")
        )
        report["Date"] = email.utils.formatdate()
        report["Message-ID"] = f"<report-{next(_report_number)}-{secrets.token_hex(4)}@{HOSTNAME}>"
        report["Auto-Submitted"] = "auto-replied"
        if original["Message-ID"]:
            report["In-Reply-To"] = report["References"] = str(original["Message-ID"]).strip()
        report["Content-Type"] = (
            f'multipart/report; report-type=delivery-status; boundary="report-{secrets.token_hex(8)}"'
        )
        verdict = "could not be delivered" if action == "failed" else "was delivered"
        text = EmailMessage()
        text.set_content(f"Your message to {recipient} {verdict}.\n\n{reply}\n")
        status = EmailMessage()
        status["Content-Type"] = "message/delivery-status"
        status.set_payload(
            [
                _fields({"Reporting-MTA": f"dns;{HOSTNAME}", "Arrival-Date": email.utils.formatdate()}),
                _fields(
                    {
                        "Final-Recipient": f"rfc822;{recipient}",
                        "Action": action,
                        "Status": reply.enhanced,
                        "Diagnostic-Code": f"smtp;{reply}",
                    }
                ),
            ]
        )
        headers = EmailMessage()
        headers["Content-Type"] = "text/rfc822-headers; charset=utf-8"
        headers.set_payload(raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace") + "\r\n")
        report.set_payload([text, status, headers])
        body = report.as_bytes(policy=email.policy.SMTP)
        self.deliver(body, "", [envelope_from], authentication_results=authentication_results("", "", self._directory))


def _fields(values: dict[str, str]) -> Message:
    """One block of fields of a delivery status (RFC 3464 section 2.1)."""
    block = Message()
    for name, value in values.items():
        block[name] = value
    return block


def _internal_stamp(raw: bytes) -> str:
    """Headers by which Exchange says that a sender of the tenant has signed in: such mail is not checked by SPF, DKIM or DMARC."""
    author = re.findall(r"@([^\s<>@,;]+)", str(BytesHeaderParser().parsebytes(raw)["From"] or ""))
    return (
        "Authentication-Results: dkim=none (message not signed)\r\n header.d=none;dmarc=none action=none\r\n"
        f" header.from={author[-1] if author else 'none'};\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n"
    )


def authentication_results(peer: str, envelope_from: str, directory: Directory, header_from: str = "") -> str:
    """Body of the header as Exchange Online Protection stamps it (see Microsoft's *Anti-spam message headers*)."""
    policy = directory.policy
    domain = envelope_from.rpartition("@")[2] or header_from.rpartition("@")[2] or HOSTNAME
    author = header_from.rpartition("@")[2] or domain
    remarks = {"pass": "signature was verified", "none": "message not signed"}
    signed = f"{policy.dkim} ({remarks.get(policy.dkim, 'signature did not verify')})"
    signer = domain if policy.dkim == "pass" else "none"
    action, composite = ("none", "pass reason=100") if policy.dmarc == "pass" else ("oreject", "fail reason=000")
    return (
        f"spf={policy.spf} (sender IP is {peer or '127.0.0.1'})\r\n smtp.mailfrom={domain}; dkim={signed}\r\n"
        f" header.d={signer};dmarc={policy.dmarc} action={action}\r\n header.from={author};compauth={composite}"
    )
