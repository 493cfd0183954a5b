"""The tenant: mailboxes, passwords, Send As, accepted domains, connectors, limits and switches.

Everything here may be changed while the servers run; :meth:`Directory.reset` returns to the defaults (passwords stay).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import secrets
from collections.abc import Callable

from . import replies
from .replies import Reply

DOMAIN = "contoso.example"
#: The dedicated mailbox: sends for everybody, and collects what nobody else takes.
ERP = f"erp@{DOMAIN}"
BRANT = f"brant.wadsworth@{DOMAIN}"
INFO = f"info@{DOMAIN}"
#: Somebody outside; every mail to an outside address ends in this mailbox.
CUSTOMER = "customer@fabrikam.example"

#: ``verifier(mailbox, token)`` returns None if the token opens the mailbox, else the reply that refuses it.
TokenVerifier = Callable[[str, str], "Reply | None"]
#: ``judge(protocol, mailbox, token)``, likewise; protocols are "submission", "imap" and "pop", whose replies are mere texts.
TokenJudge = Callable[[str, str, str], "Reply | str | None"]
TransportRule = Callable[[bytes], "bytes | None"]


@dataclasses.dataclass
class Account:
    """One mailbox.

    :ivar aliases: further addresses of the mailbox (proxy addresses).
    :ivar send_as: addresses it holds Send As on (``Add-RecipientPermission <address> -Trustee <mailbox>
        -AccessRights SendAs``).
    :ivar send_on_behalf: addresses that granted it Send on Behalf (``Set-Mailbox <address> -GrantSendOnBehalfTo``);
        honoured only if the message names the mailbox in ``Sender:``. Whether SMTP submission honours the grant is
        not documented.
    :ivar smtp_auth_disabled: ``Set-CASMailbox -SmtpClientAuthenticationDisabled``; None follows the tenant, the
        mailbox's value wins.
    :ivar full_access: users who hold FullAccess on it (``Add-MailboxPermission``).
    :ivar save_sent_items: ``Set-Mailbox -MessageCopyForSMTPClientSubmissionEnabled``.
    :ivar imap_enabled: ``Set-CASMailbox -ImapEnabled``; ``pop_enabled`` likewise.
    """

    address: str
    name: str = ""
    password: str = dataclasses.field(default="", repr=False)
    aliases: set[str] = dataclasses.field(default_factory=set)
    send_as: set[str] = dataclasses.field(default_factory=set)
    send_on_behalf: set[str] = dataclasses.field(default_factory=set)
    full_access: set[str] = dataclasses.field(default_factory=set)
    smtp_auth_disabled: bool | None = None
    save_sent_items: bool = True
    imap_enabled: bool = True
    pop_enabled: bool = True

    @property
    def addresses(self) -> set[str]:
        """All addresses of the mailbox, in lower case."""
        return {self.address.lower(), *(alias.lower() for alias in self.aliases)}


@dataclasses.dataclass
class Connector:
    """An inbound connector of type OnPremises: who may relay through the MX host.

    :ivar ip_networks: ``-SenderIPAddresses``; the envelope sender's domain must then be an accepted one.
    :ivar certificate_names: ``-TlsSenderCertificateName``; any envelope sender, the empty one included.
    """

    name: str = "Odoo relay"
    ip_networks: tuple[str, ...] = ()
    certificate_names: tuple[str, ...] = ()

    def matches_ip(self, address: str) -> bool:
        """Whether the connector lists this source address."""
        source = ipaddress.ip_address(address)
        return any(source in ipaddress.ip_network(network) for network in self.ip_networks)

    def matches_certificate(self, names: list[str]) -> bool:
        """Whether one of the client certificate's names is the connector's (``*.contoso.example`` also takes hosts
        in the domain).
        """
        for wanted in map(str.lower, self.certificate_names):
            for name in names:
                if name == wanted or (wanted.startswith("*.") and name.partition(".")[2] == wanted[2:]):
                    return True
        return False


@dataclasses.dataclass
class Limits:
    """Limits of submission and of the MX; None = no limit. Defaults are Exchange Online's where a test stays fast
    with them.

    :ivar concurrent_connections: authenticated connections per mailbox at the same time.
    :ivar messages_per_minute: per mailbox; Exchange: 30. Off here unless a test asks for it.
    :ivar recipients_per_message: envelope recipients of a submitted message.
    :ivar recipients_per_domain: envelope recipients in one domain and transaction at the MX.
    :ivar recipients_per_day: per mailbox, in any 24 h.
    :ivar message_size: octets; also what EHLO announces as SIZE.
    :ivar send_as_denials: SendAsDenied in a row until the mailbox is throttled.
    """

    concurrent_connections: int | None = 3
    messages_per_minute: int | None = None
    recipients_per_message: int | None = 500
    recipients_per_domain: int | None = 200
    recipients_per_day: int | None = 10000
    message_size: int = 157286400
    send_as_denials: int | None = 10


@dataclasses.dataclass
class Policy:
    """Breakers of the tenant.

    :ivar smtp_auth_disabled: ``Set-TransportConfig -SmtpClientAuthenticationDisabled``; refuses XOAUTH2 too.
    :ivar basic_auth_disabled: an authentication policy without ``AllowBasicAuthSmtp``.
    :ivar basic_auth_retired: after Microsoft's removal of Basic authentication.
    :ivar incoming_passwords_ended: IMAP and POP3 refuse passwords, as Exchange Online has since 2022. Off here unless a test asks for it
        (:meth:`Directory.end_incoming_passwords`).
    :ivar security_defaults: refuses password sign-in (whether XOAUTH2 passes is not documented; here it does).
    :ivar conditional_access: a policy refuses password and token alike.
    :ivar reject_direct_send: ``Set-OrganizationConfig -RejectDirectSend``.
    :ivar catch_all: the mailbox that gets mail to unknown addresses of the accepted domains (a redirecting
        transport rule on an InternalRelay domain), or None: such recipients are refused at the MX and answered by a
        non-delivery report at submission.
    :ivar catch_all_from_outside: the rule has the condition ``-FromScope NotInOrganization``, so that it leaves mail of the tenant's own
        senders alone.
    :ivar transport_rule: a mail flow rule: called with each message for the tenant, returns what becomes of it, None if it is held back
        (quarantine) without a word to anybody.
    :ivar delivered_to: the folder that messages reach: a rule of the mailbox, or its junk filter, moves them.
    :ivar spf: what Authentication-Results says for mail from outside; ``dkim`` and ``dmarc`` likewise.
    """

    smtp_auth_disabled: bool = False
    incoming_passwords_ended: bool = False
    basic_auth_disabled: bool = False
    basic_auth_retired: bool = False
    security_defaults: bool = False
    conditional_access: bool = False
    reject_direct_send: bool = False
    catch_all: str | None = ERP
    catch_all_from_outside: bool = False
    transport_rule: TransportRule | None = None
    delivered_to: str = "INBOX"
    spf: str = "pass"
    dkim: str = "pass"
    dmarc: str = "pass"


class Directory:
    """The tenant's directory.

    :ivar token_verifier: who judges XOAUTH2 tokens in the place of :mod:`.entra_mail`, until :meth:`reset`.
    """

    def __init__(self) -> None:
        self._passwords: dict[str, str] = {}
        self._observers: list[Callable[[], None]] = []
        self._initialize()

    def _initialize(self) -> None:
        self.accepted_domains: set[str] = {DOMAIN}
        self.accounts: dict[str, Account] = {}
        self.connectors: list[Connector] = []
        self.limits = Limits()
        self.policy = Policy()
        self.token_verifier: TokenVerifier | None = None
        for address, name, send_as in (
            (ERP, "ERP", {BRANT, INFO}),
            (BRANT, "Brant Wadsworth", set()),
            (INFO, "Contoso", set()),
            (CUSTOMER, "Customer of Fabrikam", set()),
        ):
            self._add(Account(address, name, send_as=set(send_as)))

    def reset(self) -> None:
        """Return to the default accounts, rights, limits and switches; passwords of the default accounts stay as
        they are.
        """
        before = set(self.accounts)
        self._initialize()
        if before != set(self.accounts) or self._stale_logins:
            self.changed()

    def _add(self, account: Account) -> Account:
        address = account.address.lower()
        account.password = account.password or self._passwords.get(address) or secrets.token_urlsafe(18)
        self._passwords.setdefault(address, account.password)
        self.accounts[address] = account
        return account

    # --- changes that IMAP and POP must hear of ---

    _stale_logins = False

    def observe(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` whenever accounts, passwords or protocol switches changed."""
        self._observers.append(callback)

    def changed(self) -> None:
        """Tell the IMAP and POP server that accounts were changed (add_account and set_password do it themselves)."""
        defaults = {address: self._passwords[address] for address in self.accounts}
        self._stale_logins = self.policy.incoming_passwords_ended or any(
            not account.imap_enabled or not account.pop_enabled or account.password != defaults[address]
            for address, account in self.accounts.items()
        )
        for callback in self._observers:
            callback()

    def add_account(self, address: str, name: str = "", *, password: str = "", **values) -> Account:
        """Create a mailbox; ``values`` are further attributes of :class:`Account`."""
        account = self._add(Account(address, name, password, **values))
        self.changed()
        return account

    def set_password(self, address: str, password: str) -> None:
        """Change a password, until :meth:`reset`."""
        self.account(address).password = password
        self.changed()

    def end_incoming_passwords(self) -> None:
        """Let IMAP and POP3 refuse passwords, until :meth:`reset`."""
        self.policy.incoming_passwords_ended = True
        self.changed()

    # --- look-ups ---

    def account(self, address: str) -> Account:
        """Return the account of a mailbox address.

        :raise KeyError: if there is none.
        """
        return self.accounts[address.lower()]

    def find(self, address: str) -> Account | None:
        """Return the account that owns ``address`` (primary or alias), or None."""
        address = address.lower()
        return next((account for account in self.accounts.values() if address in account.addresses), None)

    def is_accepted(self, domain: str) -> bool:
        """Whether the tenant receives mail for this domain."""
        return domain.lower() in self.accepted_domains

    # --- tokens ---

    #: Who judges tokens as long as no test puts a :attr:`token_verifier` in its place.
    token_judge: TokenJudge | None = None
    #: ``may_open(mailbox, token)``: whether a submission session gets at its mailbox when it stores a message.
    may_open: Callable[[str, str], bool] | None = None

    def judge_token(self, protocol: str, mailbox: str, token: str) -> Reply | str | None:
        """Return the refusal of a sign-in with a token, or None."""
        if self.token_verifier is not None:
            return self.token_verifier(mailbox, token)
        if self.token_judge is None:
            return replies.S535_5_7_3_AUTHENTICATION_UNSUCCESSFUL
        return self.token_judge(protocol, mailbox, token)

    # --- Send As ---

    def grant_send_as(self, mailbox: str, *addresses: str) -> None:
        """Grant ``mailbox`` Send As on these addresses (they need no mailbox of their own here)."""
        self.account(mailbox).send_as.update(address.lower() for address in addresses)

    def revoke_send_as(self, mailbox: str, *addresses: str) -> None:
        """Take Send As away again."""
        self.account(mailbox).send_as.difference_update(address.lower() for address in addresses)

    def may_send_as(self, mailbox: str, address: str) -> bool:
        """Whether ``mailbox`` is, or holds Send As on, ``address``."""
        account, address = self.account(mailbox), address.lower()
        return address in account.addresses or address in {granted.lower() for granted in account.send_as}

    def may_send_on_behalf(self, mailbox: str, address: str, sender_header: str) -> bool:
        """Whether ``address`` granted Send on Behalf to ``mailbox`` and the message says so in ``Sender:``."""
        account = self.account(mailbox)
        return (
            address.lower() in {granted.lower() for granted in account.send_on_behalf}
            and sender_header.lower() in account.addresses
        )

    # --- connectors ---

    def add_connector(self, *, ip_networks: tuple[str, ...] = (), certificate_names: tuple[str, ...] = ()) -> Connector:
        """Create an inbound connector by source address, for example ``("127.0.0.1", "::1")``, or by certificate
        name.
        """
        connector = Connector(ip_networks=tuple(ip_networks), certificate_names=tuple(certificate_names))
        self.connectors.append(connector)
        return connector
