"""Which scripts there are, and what each is made of."""

from dataclasses import dataclass
from typing import Final

from ....const import DEFAULT_CLOUD


@dataclass(frozen=True)
class Kind:
    """A script and its undo.

    :ivar title: what the script is called in its first line
    :ivar parts: files of ``powershell/`` that it is made of, in their order
    :ivar undo: the same of the script that takes it back
    :ivar clouds: clouds that have what it sets up; () for all
    """

    title: str
    parts: tuple[str, ...]
    undo: tuple[str, ...]
    clouds: tuple[str, ...] = ()


_WORLDWIDE: Final = (DEFAULT_CLOUD,)

#: App RBAC and High Volume Email are announced for the worldwide cloud alone: message centre MC1158911 and MC1243552.
KINDS: Final[dict[str, Kind]] = {
    "mailbox_user": Kind("Mailbox for Odoo, as a user with a license", ("mailbox_user", "mailbox_settings"), ("mailbox_undo",)),
    "mailbox_shared": Kind("Mailbox for Odoo, as a shared mailbox", ("mailbox_shared", "mailbox_settings"), ("mailbox_undo",)),
    "app_access": Kind("Access of the app to the mailbox", ("service_principal", "app_access"), ("app_access_undo",)),
    "app_rbac": Kind(
        "Access of the app to send, by a role (App RBAC)", ("service_principal", "app_rbac"), ("app_rbac_undo",), _WORLDWIDE),
    "send_as": Kind("Send As for the addresses of users", ("send_as",), ("send_as_undo",)),
    "on_behalf": Kind("Send on Behalf for the addresses of users", ("on_behalf",), ("on_behalf_undo",)),
    "connector_ip": Kind("Connector for relay, by IP address", ("connector_ip",), ("connector_undo",)),
    "connector_certificate": Kind("Connector for relay, by certificate", ("connector_certificate",), ("connector_undo",)),
    "catch_all_subdomain": Kind("Catch-all for a sub-domain of its own", ("catch_all_subdomain",), ("catch_all_undo",)),
    "catch_all_domain": Kind("Catch-all for the domain of the users", ("catch_all_domain",), ("catch_all_undo",)),
    "hve": Kind("Account for High Volume Email", ("hve",), ("hve_undo",), _WORLDWIDE),
}
