"""The facade: everything started, stopped and reset together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path

from . import session, tls
from .delivery import Delivery, authentication_results
from .directory import CUSTOMER, ERP, Directory
from .dovecot import Dovecot, mailbox_owner
from .dovecot_install import Installation
from .entra import Entra
from .front import Front, LoginAttempt
from .introspection import Introspection
from .maildir import Maildir
from .records import Connection, Records, Transaction
from .smtp import SmtpListener
from .temporary import temporary_folder
from .tls import Authority, TlsSettings

LISTENERS = ("submission", "hve", "mx", "imap", "pop", "entra")


def available() -> str:
    """Return why the servers cannot run here, or an empty string (fit for a skip reason)."""
    if session.SMTP is object:
        return "the Python package aiosmtpd is missing"
    if tls.trustme is None:
        return "the Python package trustme is missing"
    return Installation().problem()


class MailServers:
    """Submission, MX, IMAP, POP3 and Entra ID of a make-believe Microsoft 365 tenant, on this machine only.

        with MailServers() as servers, servers.trusted():
            smtplib.SMTP(servers.submission.host, servers.submission.port) ...

    :param state_dir: folder for mailboxes, keys and logs; None makes a temporary one that goes with the servers.
    :param ports: fixed ports by listener name (LISTENERS); free ones are chosen for the others.
    :param certificate: server certificate at the start, one of :data:`.tls.CERTIFICATES`; changeable per listener
        (``servers.imap.tls.configure(certificate="untrusted")``).
    :ivar submission: :class:`.smtp.SmtpListener`; ``hve`` and ``mx`` likewise.
    :ivar imap: :class:`.front.Front`; ``pop`` likewise.
    :ivar entra: :class:`.entra.Entra`, whose tokens the others take.
    :ivar directory: accounts, rights, limits, switches (:class:`.directory.Directory`).
    :ivar transactions: what both SMTP listeners took or refused (:class:`.records.Transaction`).
    :ivar connections: all connections of all listeners; ``login_attempts``: those to IMAP and POP3.
    :ivar ca_file: PEM file of the CA, to be trusted by clients.
    :ivar state_dir: the state folder.
    """

    def __init__(
        self,
        state_dir: str | os.PathLike | None = None,
        *,
        ports: dict[str, int] | None = None,
        certificate: str = "trusted",
    ):
        unknown = set(ports or {}) - set(LISTENERS)
        if unknown:
            raise ValueError(f"unknown listeners {sorted(unknown)}, known are {LISTENERS}")
        self._given_dir = Path(state_dir).absolute() if state_dir else None
        self._ports = dict(ports or {})
        self._certificate = certificate
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running = contextlib.ExitStack()
        self.directory = Directory()
        self.submission: SmtpListener | None = None
        self.hve: SmtpListener | None = None
        self.mx: SmtpListener | None = None
        self.imap: Front | None = None
        self.pop: Front | None = None
        self.entra: Entra | None = None
        self.connections: Records[Connection] = Records()
        self.transactions: Records[Transaction] = Records()
        self.login_attempts: Records[LoginAttempt] = Records()

    # --- life ---

    def start(self) -> MailServers:
        """Start everything; takes about half a second.

        :raise RuntimeError: if it cannot run here (:func:`available`) or Dovecot does not come up.
        """
        if reason := available():
            raise RuntimeError(reason)
        if self._thread:
            raise RuntimeError("already started")
        with contextlib.ExitStack() as stack:
            self._prepare(stack)
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="mail_office365 test servers", daemon=True
            )
            self._thread.start()
            stack.callback(self._end_thread)
            stack.callback(self._call, self._stop_listeners)
            self._call(self._start_listeners)
            self._running = stack.pop_all()
        return self

    def stop(self) -> None:
        """Stop everything; no thread, process or temporary file is left behind."""
        self._running.close()

    def __enter__(self) -> MailServers:
        return self.start()

    def __exit__(self, *_error) -> None:
        self.stop()

    def _prepare(self, stack: contextlib.ExitStack) -> None:
        """Make folders, keys, mailboxes and the objects of the listeners."""
        if self._given_dir:
            self.state_dir = self._given_dir
            self.state_dir.mkdir(parents=True, exist_ok=True)
        else:
            self.state_dir = temporary_folder()
            stack.callback(shutil.rmtree, self.state_dir)
        owner = mailbox_owner()
        mail_dir = self.state_dir / "mail"
        mail_dir.mkdir(exist_ok=True)
        if owner:
            self.state_dir.chmod(0o711)  # Dovecot's mail processes run as nobody and must get through
            for parent in self.state_dir.parents:
                if not parent.stat().st_mode & 0o001:
                    raise RuntimeError(
                        f"{parent} is closed to others: run as an ordinary user or choose another state_dir"
                    )
            os.chown(mail_dir, *owner)
        self.authority = Authority(self.state_dir / "tls")
        self.ca_file = str(self.authority.ca_file)
        self._delivery = Delivery(self.directory, mail_dir, owner)
        self._delivery.create_all()
        self._dovecot = Dovecot(self.state_dir, mail_dir)
        self._introspection = Introspection(self.directory)
        self.directory.observe(self._accounts_changed)
        self._accounts_changed()
        for name in ("submission", "hve", "mx"):
            settings = TlsSettings(
                self.authority, certificate=self._certificate, request_client_certificate=name == "mx"
            )
            setattr(
                self,
                name,
                SmtpListener(
                    name,
                    directory=self.directory,
                    delivery=self._delivery,
                    tls=settings,
                    connections=self.connections,
                    transactions=self.transactions,
                    port=self._ports.get(name, 0),
                ),
            )
        for name in ("imap", "pop"):
            setattr(
                self,
                name,
                Front(
                    name,
                    tls=TlsSettings(self.authority, certificate=self._certificate),
                    connections=self.connections,
                    login_attempts=self.login_attempts,
                    introspection=self._introspection,
                    port=self._ports.get(name, 0),
                ),
            )
        self.entra = Entra(
            self.directory,
            tls=TlsSettings(self.authority, certificate=self._certificate),
            connections=self.connections,
            port=self._ports.get("entra", 0),
        )
        self.directory.token_judge, self.directory.may_open = self.entra.mail.judge, self.entra.mail.opens

    def _accounts_changed(self) -> None:
        self._delivery.create_all()
        last_login = max((front.last_login for front in (self.imap, self.pop) if front), default=0.0)
        with_password = [] if self.directory.policy.incoming_passwords_ended else self.directory.accounts.values()
        self._dovecot.write_users(with_password, last_login)

    def _call(self, function):
        """Run an asynchronous method in the servers' thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(30)

    async def _start_listeners(self) -> None:
        # Started from this thread because it lives as long as the servers (see Dovecot.start).
        await self._introspection.start()
        self._dovecot.start(self._introspection.url)
        await self.submission.start()
        await self.hve.start()
        await self.mx.start()
        await self.imap.start(self._dovecot.imap_port)
        await self.pop.start(self._dovecot.pop_port)
        await self.entra.listen()

    async def _stop_listeners(self) -> None:
        listeners = (self.submission, self.hve, self.mx, self.imap, self.pop, self.entra, self._introspection)
        results = await asyncio.gather(*(listener.stop() for listener in listeners), return_exceptions=True)
        self._dovecot.stop()
        for error in filter(None, results):
            raise error

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._thread = None

    def reset(self) -> None:
        """Return to the state after the start: records, faults, mailboxes, directory, limits and TLS settings."""
        self._delivery.clear()
        self.directory.reset()
        for listener in self._listeners:
            listener.reset()
        for records in (self.connections, self.transactions, self.login_attempts):
            records.clear()

    @property
    def _listeners(self) -> list:
        return [getattr(self, name) for name in LISTENERS]

    # --- what tests ask for ---

    @property
    def errors(self) -> list[BaseException]:
        """Exceptions inside the servers themselves."""
        return [error for listener in self._listeners for error in listener.errors]

    @property
    def accepted(self) -> list[Transaction]:
        """The transactions whose message was taken."""
        return [transaction for transaction in self.transactions if transaction.accepted]

    def password(self, address: str) -> str:
        """Return the password of a mailbox; random at every start."""
        return self.directory.account(address).password

    def mailbox(self, address: str) -> Maildir:
        """Return the mailbox of an address: ``.messages()``, ``.deliver(raw)``, ``.clear()``, ``.wait_for(count)``."""
        return self._delivery.mailbox(address)

    def receive(self, raw: bytes | EmailMessage, sender: str = CUSTOMER, recipients: Iterable[str] = (ERP,)) -> None:
        """Let a message arrive from outside, as through the MX, without an SMTP session."""
        if not isinstance(raw, bytes):
            raw = raw.as_bytes(policy=SMTP_POLICY)
        self._delivery.deliver(
            raw, sender, recipients, authentication_results=authentication_results("127.0.0.1", sender, self.directory)
        )

    def client_certificate(self, *names: str) -> tuple[str, str]:
        """Issue a client certificate for the relay, by default ``*.contoso.example``; return (certificate, key)
        files.
        """
        certificate, key = self.authority.client_certificate(*names, filename=f"client-{time.monotonic_ns()}")
        return str(certificate), str(key)

    @contextlib.contextmanager
    def trusted(self) -> Iterator[None]:
        """Trust the CA in this process and those it starts.

        ``SSL_CERT_FILE`` is what OpenSSL reads when a context loads its default paths. `requests`, and MSAL unless it is given
        another client, never do that: they have a bundle of their own, and know ``REQUESTS_CA_BUNDLE`` only.
        """
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(dict.fromkeys(names, self.ca_file))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def summary(self, address: str = ERP) -> str:
        """Return one line, with the password, for the screen: how to reach a mailbox by hand."""
        ports = ", ".join(f"{name} {getattr(self, name).port}" for name in LISTENERS)
        return f"{address}, password {self.password(address)}, at localhost ({ports}), CA {self.ca_file}"

    def imap_log(self) -> str:
        """Dovecot's own log."""
        return self._dovecot.log()
