"""Why there is no conversation with the server, or it breaks off. Earlier rows win.

Names of Python's exceptions and OpenSSL's reasons are words that no translation touches; the sentences of the C library are
for texts in which the name got lost.
"""

from __future__ import annotations

from typing import Final

from .causes import ANY, SMTP, Cause, _lt, reply, says, status

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "certificate_untrusted",
        (says("CERTIFICATE_VERIFY_FAILED"), says("certificate verify failed"), says("SSLCertVerificationError"),
         says("CertificateRefused"), says("certificate is not valid for"), says("self-signed certificate"),
         says("self signed certificate")),
        _lt("The server's certificate can't be verified. Check that the host name in Settings > Technical > Outgoing (or Incoming) Mail"
            " Servers is the one of the preset; trust a certificate authority of your own by the environment variable SSL_CERT_FILE."),
        "MFD",
        protocols=ANY,
    ),
    # A 421 in name, yet nothing changes until somebody acts.
    Cause(
        "tls_version",
        (status("4.7.66"), status("5.7.67"), says("TLS 1.0 and 1.1")),
        _lt("Exchange wants TLS 1.2 or newer. Update OpenSSL and Python of the Odoo server and take proxies between out of the way;"
            " Settings > Technical > Outgoing Mail Servers must name the host of the preset."),
        "PRN",
        protocols=ANY,
    ),
    Cause(
        "tls_version",
        (says("UNSUPPORTED_PROTOCOL"), says("ALERT_PROTOCOL_VERSION"), says("NO_PROTOCOLS_AVAILABLE"), says("HANDSHAKE_FAILURE"),
         says("NO_SHARED_CIPHER"), says("WRONG_VERSION_NUMBER"), says("STARTTLS extension not supported"), says("STARTTLS is required"),
         says("must issue a STARTTLS")),
        _lt("Odoo and the server did not agree on TLS. Check port and encryption in Settings > Technical > Outgoing (or Incoming) Mail"
            " Servers: 587 and 25 use STARTTLS, 993 and 995 TLS from the start, always version 1.2 or newer."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "bad_helo",
        (status("5.7.506"), status("5.5.4", "domain name"), status("5.7.1", "HELO"), says("bad HELO"), says("SMTPHeloError")),
        _lt("The server does not accept the name by which this Odoo server greets it. Give the machine a full host name of its own"
            " (hostnamectl set-hostname odoo.<domain>), not one of the recipient's; check with Settings > Technical > Outgoing Mail Servers"
            " > Test Connection."),
        "NDR",
    ),
    Cause(
        "hello_missing",
        (status("5.5.2", "hello"), reply(503, "hello"), reply(503, "helo")),
        _lt("The greeting of SMTP got lost. Take proxies and mail scanners between Odoo and the server out of the way and press"
            " Settings > Technical > Outgoing Mail Servers > Test Connection; otherwise report it as an error of this addon."),
        "RFC 5321",
    ),
    # The code alone is Exchange's for sending too fast; with these words it is RFC 3463's "bad connection".
    Cause(
        "connection_lost",
        (status("4.4.2", "dropped"), status("4.4.2", "timeout"), status("4.4.2", "timed out"), status("4.4.2", "connection")),
        _lt("Nothing: the connection broke, Odoo tries again. If it lasts, check firewall and network; Settings > Technical > Outgoing Mail"
            " Servers > Test Connection."),
        "RFC 3463",
    ),
    Cause(
        "rate_limited",
        (status("4.4.2"),),
        _lt("The mailbox seems to send more than 30 messages a minute; Odoo tries again. Lower the rate limit in Settings > Technical >"
            " Outgoing Mail Servers."),
        "SUBM",
        retry_after=60,
    ),
    Cause(
        "timeout",
        (status("4.7.0", "timeout waiting"), says("TimeoutError"), says("timed out"), says("timeout waiting for client input")),
        _lt("Nothing: the server did not answer in time, Odoo tries again. If it lasts, let the firewall pass the port shown in Settings >"
            " Technical > Outgoing (or Incoming) Mail Servers; many hosters block port 25."),
        "MFD",
        protocols=ANY,
    ),
    # PRX2, PRX4, PRX5 name the part of Exchange that was not reached.
    Cause(
        "server_busy",
        (status("4.7.0", "PRX"),),
        _lt("Nothing: Exchange did not reach the mailbox, Odoo tries again. If it lasts, the mailbox probably has no licence:"
            " Microsoft 365 admin center > Users > Active users > Licenses and apps."),
        "PRN",
    ),
    Cause(
        "server_busy",
        (status("4.3.0-2"), status("4.7.0"), reply(421), reply(454), says("service not available"), says("service not active")),
        _lt("Nothing: the server is busy, Odoo tries again. If it lasts, see Microsoft 365 admin center > Health > Service health."),
        "RFC 5321",
        protocols=SMTP,
    ),
    Cause(
        "name_not_resolved",
        (says("gaierror"), says("getaddrinfo failed"), says("name or service not known"), says("failure in name resolution"),
         says("nodename nor servname"), says("no address associated with hostname"), says("NameResolutionError"),
         says("failed to resolve")),
        _lt("The name of the server is not found. Check it in Settings > Technical > Outgoing (or Incoming) Mail Servers, and the name"
            " service of the Odoo server (resolvectl query <host>); Odoo tries again."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "connection_refused",
        (says("ConnectionRefusedError"), says("connection refused"), says("no route to host"), says("network is unreachable")),
        _lt("Nobody answers at this host and port. Check both in Settings > Technical > Outgoing (or Incoming) Mail Servers, and that"
            " the firewall lets Odoo out; Odoo tries again."),
        "MFD",
        protocols=ANY,
    ),
    Cause(
        "connection_lost",
        (says("SMTPServerDisconnected"), says("ConnectionResetError"), says("BrokenPipeError"), says("ConnectionAbortedError"),
         says("connection reset"), says("connection aborted"), says("broken pipe"), says("unexpectedly closed"), says("UNEXPECTED_EOF"),
         says("EOF occurred in violation"), says("SSLEOFError"), says("SSLZeroReturnError"), says("IMAP4.abort"),
         says("socket error: EOF"), says("-ERR EOF"), says("Connection closed"), says("please run connect() first"),
         says("RemoteDisconnected"), says("IncompleteRead"), says("ConnectionError"), says("SSLError")),
        _lt("Nothing: the connection broke, Odoo tries again. If it lasts, check firewall and network; Settings > Technical > Outgoing (or"
            " Incoming) Mail Servers > Test Connection."),
        "RFC 5321",
        protocols=ANY,
    ),
)
