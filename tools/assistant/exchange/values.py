"""What a database knows of its set-up, and the variables that scripts find it in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ....const import DEFAULT_CLOUD

# learn.microsoft.com/powershell/module/exchangepowershell/connect-exchangeonline, -ExchangeEnvironmentName
_ENVIRONMENTS: Final = {
    "global": "O365Default",
    "gcc_high": "O365USGovGCCHigh",
    "dod": "O365USGovDoD",
    "china": "O365China",
}
# Exchange admin center; of the other clouds Microsoft's pages name only the Microsoft 365 admin center, which leads there.
# learn.microsoft.com/exchange/exchange-admin-center, learn.microsoft.com/microsoft-365/admin/admin-overview/admin-center-overview
_ADMIN_CENTERS: Final = {
    "global": "https://admin.exchange.microsoft.com/",
    "gcc_high": "https://portal.office365.us/adminportal",
    "dod": "https://portal.apps.mil/adminportal",
    "china": "https://portal.partner.microsoftonline.cn/adminportal",
}
# New-DynamicDistributionGroup, New-TransportRule: names have 64 characters at most.
_LONGEST_NAME: Final = 64


@dataclass(frozen=True)
class Values:
    """What the scripts are about.

    :ivar cloud: key of ``const.CLOUDS``
    :ivar domain: the domain of users' addresses
    :ivar client_id: Application (client) ID of the app registration
    :ivar object_id: Object ID of the enterprise application; "" has the script ask for it
    :ivar addresses: what the mailbox is to send as
    :ivar senders: other mailboxes that the app signs in to
    :ivar ip_addresses: public IPv4 addresses or CIDR ranges that this server sends from
    :ivar certificate_name: subject or alternative name of the client certificate of a relay, ``*.`` allowed
    :ivar catch_all_domain: the domain whose unknown addresses the mailbox receives
    :ivar hve_account: address of the High Volume Email account
    """

    cloud: str = DEFAULT_CLOUD
    domain: str = ""
    mailbox: str = ""
    client_id: str = ""
    object_id: str = ""
    addresses: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    certificate_name: str = ""
    catch_all_domain: str = ""
    hve_account: str = ""


def environment(cloud: str) -> str:
    """Return what ``Connect-ExchangeOnline`` calls a cloud."""
    return _ENVIRONMENTS[cloud]


def admin_center(cloud: str) -> str:
    """Return where an administrator of a cloud begins."""
    return _ADMIN_CENTERS[cloud]


def _named(prefix: str, domain: str) -> str:
    """Return a name that another database's scripts do not use; "" if the domain is not known."""
    return f"{prefix} {domain}"[:_LONGEST_NAME] if domain else ""


#: Each variable of the scripts, and what it holds. A script assigns those that it uses, in this order.
VARIABLES: Final[dict[str, Callable[[Values], str | tuple[str, ...]]]] = {
    "Environment": lambda values: environment(values.cloud),
    "Domain": lambda values: values.domain,
    "Mailbox": lambda values: values.mailbox,
    "Name": lambda values: _named("Odoo mail", values.domain),
    "Note": lambda values: _named("Made by Odoo for", values.domain),
    "AppName": lambda values: _named("Odoo mail", values.domain),
    "ClientId": lambda values: values.client_id,
    "ObjectId": lambda values: values.object_id,
    "SendersName": lambda values: _named("Odoo senders", values.domain),
    "Senders": lambda values: tuple(dict.fromkeys((values.mailbox, *values.senders))) if values.mailbox else (),
    "Addresses": lambda values: values.addresses,
    "ConnectorName": lambda values: _named("Odoo relay", values.domain),
    "IPAddresses": lambda values: values.ip_addresses,
    "CertificateName": lambda values: values.certificate_name,
    "CatchAllDomain": lambda values: values.catch_all_domain,
    "KnownName": lambda values: _named("Odoo known recipients", values.catch_all_domain),
    "RuleName": lambda values: _named("Odoo catch-all", values.catch_all_domain),
    "HveAccount": lambda values: values.hve_account,
}
#: Scripts ask for these themselves.
OPTIONAL: Final = frozenset({"ObjectId"})
