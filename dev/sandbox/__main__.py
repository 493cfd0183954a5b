"""The local mail servers for a person: a make-believe Exchange Online and Entra ID on this machine, until Ctrl-C.

Started by ``dev/o365 sandbox``, or by hand with a Python that has aiosmtpd, trustme and PyJWT:
``MAIL_OFFICE365_DOVECOT=<prefix> python dev/sandbox``. Default ports: submission 10587, MX 10025, IMAP 10993, POP3
10995, Entra 10443; a busy one is replaced by the next free one. Passwords and the client secret are new at every start
and shown nowhere but here. ERP is an administrator in Entra.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from servers import (  # noqa: E402
    CUSTOMER,
    DOMAIN,
    ERP,
    LISTENERS,
    Connection,
    LoginAttempt,
    MailServers,
    Request,
    Transaction,
    available,
)
from servers.sockets import next_free_port  # noqa: E402

DEFAULT_PORTS = {"submission": 10587, "hve": 10588, "mx": 10025, "imap": 10993, "pop": 10995, "entra": 10443}
DEFAULT_REDIRECT = "http://localhost:8069/mail_office365/oauth"
SECURITY = {
    "submission": "STARTTLS, login", "hve": "STARTTLS, login", "mx": "STARTTLS, no login", "imap": "TLS", "pop": "TLS", "entra": "HTTPS"}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev/o365 sandbox", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--state-dir", metavar="FOLDER", help="keep mailboxes, keys and logs there (default: a temporary folder)"
    )
    for name in LISTENERS:
        parser.add_argument(
            f"--{name}-port", type=int, metavar="PORT", help=f"default {DEFAULT_PORTS[name]}, or the next free one"
        )
    parser.add_argument(
        "--certificate",
        choices=("trusted", "untrusted", "wrong_host", "expired"),
        default="trusted",
        help="server certificate to show (default: trusted)",
    )
    parser.add_argument(
        "--rate-limit", type=int, metavar="N", help="messages a minute and mailbox (Exchange: 30; default: none)"
    )
    parser.add_argument(
        "--no-catch-all", action="store_true", help="refuse unknown recipients instead of redirecting them"
    )
    parser.add_argument(
        "--redirect-uri",
        action="append",
        metavar="URL",
        default=[],
        help=f"where the sign-in page may lead back to (default: {DEFAULT_REDIRECT}); may be given several times",
    )
    parser.add_argument(
        "--trust-this-host", action="store_true", help="let an inbound connector relay what comes from this machine"
    )
    return parser.parse_args(arguments)


def choose_ports(options: argparse.Namespace) -> dict[str, int]:
    """Return the ports: those asked for as they are, default ones moved on if busy, which is said."""
    ports: dict[str, int] = {}
    for name in LISTENERS:
        wanted = getattr(options, f"{name}_port")
        if wanted is None:
            wanted = next_free_port(DEFAULT_PORTS[name], taken=ports.values())
            if wanted != DEFAULT_PORTS[name]:
                print(f"Port {DEFAULT_PORTS[name]} is busy: {name} listens on {wanted}.")
        ports[name] = wanted
    return ports


def show(servers: MailServers) -> None:
    """Print what somebody needs to connect."""
    print("\nServer      Host       Port   Security")
    for name in LISTENERS:
        listener = getattr(servers, name)
        print(f"{name:<11} {listener.host:<10} {listener.port:<6} {SECURITY[name]}")
    width = max(map(len, servers.directory.accounts))
    print(f"\n{'Mailbox':<{width}}  Password")
    for address in servers.directory.accounts:
        print(f"{address:<{width}}  {servers.password(address)}")
    entra = servers.entra
    print(f"\nEntra app   client id {entra.app.client_id}, secret {entra.app.secret}\nAuthority   {entra.authority()}")
    print(f"Redirect    {', '.join(sorted(entra.app.redirect_uris))}")
    print(f"\nCA file: {servers.ca_file}\nFor clients in another shell:\n    export SSL_CERT_FILE={servers.ca_file}\n")
    print(f"Mail to an unknown address of {DOMAIN} reaches {ERP}, mail to anywhere else {CUSTOMER}.")
    print("Ctrl-C ends.\n", flush=True)


def say(text: str) -> None:
    """Print one event with its time."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def show_transaction(transaction: Transaction) -> None:
    """Print one SMTP transaction."""
    author = f" From: {transaction.header_from}" if transaction.raw else ""
    outcome = transaction.reply.partition(" [")[0] or f"ended by {transaction.ended_by}"
    say(
        f"{transaction.listener:<10} {transaction.login or transaction.peer[0]}: <{transaction.envelope_from}> to "
        f"{', '.join(transaction.recipients) or 'nobody'}{author} -> {outcome}"
    )


def show_login(attempt: LoginAttempt) -> None:
    """Print one answered sign-in to IMAP or POP3."""
    outcome = "signed in" if attempt.success else "refused"
    say(f"{attempt.protocol:<10} {attempt.user or '(unknown)'} by {attempt.mechanism}: {outcome}")


def show_request(request: Request) -> None:
    """Print one request to Entra as it comes."""
    say(f"entra      {request.method} {request.path} {request.grant or request.step.lower()}".rstrip())


def watch_sign_ins(servers: MailServers, stop: threading.Event) -> None:
    """Print sign-ins and failed handshakes once their outcome is known, until ``stop`` is set."""
    logins, handshakes = 0, set()
    while not stop.wait(0.2):
        attempts = list(servers.login_attempts)
        while logins < len(attempts) and attempts[logins].success is not None:
            show_login(attempts[logins])
            logins += 1
        for connection in servers.connections:
            if connection.tls_error and connection.id not in handshakes:
                handshakes.add(connection.id)
                show_handshake(connection)


def show_handshake(connection: Connection) -> None:
    """Print why TLS failed."""
    say(f"{connection.listener:<10} {connection.peer[0]}: TLS failed: {connection.tls_error}")


def main() -> int:
    """Run until Ctrl-C or SIGTERM."""
    options = parse()
    if reason := available():
        print(f"The servers cannot run: {reason}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: stop.set())
    with MailServers(options.state_dir, ports=choose_ports(options), certificate=options.certificate) as servers:
        servers.directory.limits.messages_per_minute = options.rate_limit
        servers.entra.app.redirect_uris.update(options.redirect_uri or [DEFAULT_REDIRECT])
        servers.entra.app.public_client = True
        servers.entra.directory.user(ERP).admin = True
        servers.entra.requests.listen(show_request)
        if options.no_catch_all:
            servers.directory.policy.catch_all = None
        if options.trust_this_host:
            servers.directory.add_connector(ip_networks=("127.0.0.1", "::1"))
        servers.transactions.listen(show_transaction)
        show(servers)
        watch_sign_ins(servers, stop)
        print("\nStopping.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
