"""Why there is no conversation with the server, or it breaks off. Earlier rows win.

Names of Python's exceptions and OpenSSL's reasons are words that no translation touches; the sentences of the C library are
for texts in which the name got lost.
"""

from __future__ import annotations

from typing import Final

from ..cause import ANY, SMTP, Cause, _lt, any_of, reply, says, status

_EHLO: Final = frozenset({"ehlo"})

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "certificate_untrusted",
        any_of("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "SSLCertVerificationError", "CertificateRefused",
               "certificate is not valid for", "self-signed certificate", "self signed certificate", "unable to get local issuer",
               "hostname mismatch", "certificate subject name", "certificate has expired", "doesn't match the host"),
        _lt("The server's certificate cannot be verified. Check that the host name in Settings > Technical > Outgoing (or Incoming) Mail"
            " Servers is the one of the preset; to trust a certificate authority of your own, set the environment variable SSL_CERT_FILE."),
        "MFD",
        protocols=ANY,
    ),
    # A 421 in name, yet nothing changes until somebody acts.
    Cause(
        "tls_version",
        (status("4.7.66"), status("5.7.67"), says("TLS 1.0 and 1.1")),
        _lt("Exchange requires TLS 1.2 or newer. Update OpenSSL and Python on the Odoo server and remove proxies in between;"
            " Settings > Technical > Outgoing Mail Servers must name the host of the preset."),
        "PRN",
        protocols=ANY,
        final=True,
    ),
    Cause(
        "tls_version",
        (*any_of("UNSUPPORTED_PROTOCOL", "unsupported protocol", "ALERT_PROTOCOL_VERSION", "alert protocol version",
                 "NO_PROTOCOLS_AVAILABLE", "no protocols available", "HANDSHAKE_FAILURE", "handshake failure", "NO_SHARED_CIPHER",
                 "no shared cipher", "WRONG_VERSION_NUMBER", "wrong version number", "KEY_TOO_SMALL", "key too small",
                 "CA_MD_TOO_WEAK", "STARTTLS extension not supported", "STARTTLS is required", "must issue a STARTTLS",
                 "must issue STARTTLS", "[PRIVACYREQUIRED]"),
         status("5.7.10")),
        _lt("Odoo and the server did not agree on TLS. Check port and encryption in Settings > Technical > Outgoing (or Incoming) Mail"
            " Servers: 587 and 25 use STARTTLS, 993 and 995 TLS from the start, always version 1.2 or newer."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "bad_helo",
        (status("5.7.506"), status("5.5.4", "domain name"), status("5.7.1", "HELO"), says("bad HELO"), says("Helo command rejected")),
        _lt("The server does not accept the name by which this Odoo server greets it. Give the machine a full host name of its own"
            " (hostnamectl set-hostname odoo.<domain>), not one of the recipient's; check with Settings > Technical > Outgoing Mail Servers"
            " > Test Connection."),
        "NDR",
        of_object="server",
    ),
    Cause(
        "bad_helo",
        (reply(501), reply(550), reply(553)),
        _lt("The server refused the greeting, most likely the name in it. Give the machine a full host name of its own (hostnamectl"
            " set-hostname odoo.<domain>); check with Settings > Technical > Outgoing Mail Servers > Test Connection."),
        "RFC 5321",
        only_at=_EHLO,
    ),
    Cause(
        "hello_missing",
        (status("5.5.2", "hello"), reply(503, "hello"), reply(503, "helo")),
        _lt("The SMTP greeting (EHLO) was lost. Remove proxies and mail scanners between Odoo and the server and press"
            " Settings > Technical > Outgoing Mail Servers > Test Connection; otherwise report it as an error of this addon."),
        "RFC 5321",
    ),
    # The code alone is Exchange's for sending too fast; with these words it is RFC 3463's "bad connection".
    Cause(
        "connection_lost",
        (status("4.4.2", "dropped"), status("4.4.2", "timeout"), status("4.4.2", "timed out"), status("4.4.2", "connection")),
        _lt("No action needed. The connection was lost; Odoo will retry. If it persists, check firewall and network with Settings >"
            " Technical > Outgoing Mail Servers > Test Connection."),
        "RFC 3463",
    ),
    Cause(
        "rate_limited",
        (status("4.4.2"),),
        _lt("The mailbox seems to send more than 30 messages a minute; Odoo will retry. Lower the rate limit in Settings > Technical >"
            " Outgoing Mail Servers."),
        "SUBM",
        retry_after=60,
    ),
    Cause(
        "timeout",
        (status("4.7.0", "timeout waiting"), status("4.4.1"), *any_of("TimeoutError", "timed out", "timeout waiting for client input",
                                                                    "ETIMEDOUT", "WinError 10060", "timeout exceeded")),
        _lt("No action needed. The server did not answer in time; Odoo will retry. If it persists, let the firewall pass the port shown in"
            " Settings > Technical > Outgoing (or Incoming) Mail Servers; many hosters block port 25."),
        "MFD",
        protocols=ANY,
    ),
    # PRX2, PRX4, PRX5 name the part of Exchange that was not reached.
    Cause(
        "server_busy",
        (status("4.7.0", "PRX"),),
        _lt("No action needed. Exchange did not reach the mailbox; Odoo will retry. If it persists, the mailbox probably has no license:"
            " Microsoft 365 admin center > Users > Active users > Licenses and apps."),
        "PRN",
    ),
    Cause(
        "server_busy",
        (status("4.3.1-2"), status("4.3.0"), status("4.7.0"), status("4.7.700"), status("4.4.3"), status("4.4.5"),
         status("4.7.3", "queue quota"), reply(421), reply(454), reply(451, "temporar"),
         *any_of("service not available", "service not active", "server busy", "server is busy", "temporary server error",
                 "insufficient system resources", "temporary local problem", "try again later", "temporarily unavailable", "system load")),
        _lt("No action needed. The server is busy; Odoo will retry. If it persists, see Microsoft 365 admin center > Health > Service"
            " health."),
        "RFC 5321",
        protocols=SMTP,
    ),
    Cause(
        "name_not_resolved",
        any_of("gaierror", "getaddrinfo", "name or service not known", "failure in name resolution", "nodename nor servname",
               "no address associated with hostname", "NameResolutionError", "failed to resolve", "ENOTFOUND", "EAI_AGAIN",
               "WinError 11001", "could not resolve host", "name resolution"),
        _lt("The name of the server is not found. Check it in Settings > Technical > Outgoing (or Incoming) Mail Servers, and the name"
            " service of the Odoo server (resolvectl query <host>). Odoo will retry."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "connection_refused",
        any_of("ProxyError", "cannot connect to proxy", "unable to connect to proxy", "tunnel connection failed"),
        _lt("The proxy of the Odoo server blocks the connection. Check the environment variables HTTPS_PROXY and NO_PROXY of the Odoo"
            " service, and that the proxy passes the hosts in Settings > Technical > Outgoing (or Incoming) Mail Servers. Odoo will"
            " retry."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "connection_refused",
        any_of("ConnectionRefusedError", "connection refused", "no route to host", "network is unreachable", "host is unreachable",
               "host is down", "actively refused", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "WinError 10061", "WinError 10051"),
        _lt("Nothing answers at this host and port. Check both in Settings > Technical > Outgoing (or Incoming) Mail Servers, and that"
            " the firewall lets Odoo out. Odoo will retry."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "connection_lost",
        any_of("SMTPServerDisconnected", "ConnectionResetError", "BrokenPipeError", "ConnectionAbortedError", "connection reset",
               "connection aborted", "connection was aborted", "broken pipe", "unexpectedly closed", "UNEXPECTED_EOF",
               "EOF occurred in violation", "SSLEOFError", "SSLZeroReturnError", "IMAP4.abort", "socket error: EOF", "-ERR EOF",
               "Connection closed", "Session invalidated", "please run connect() first", "server not connected",
               "RemoteDisconnected", "IncompleteRead", "ConnectionError", "SSLError", "ECONNRESET", "EPIPE", "WinError 10054",
               "WinError 10053", "connection lost", "lost connection", "empty response"),
        _lt("No action needed. The connection was lost; Odoo will retry. If it persists, check firewall and network with Settings >"
            " Technical > Outgoing (or Incoming) Mail Servers > Test Connection."),
        "RFC 5321",
        protocols=ANY,
    ),
)
