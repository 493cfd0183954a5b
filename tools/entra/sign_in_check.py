"""What a token may do, as it says itself, compared with what SMTP, IMAP and POP ask for."""

from dataclasses import dataclass
from typing import Final

from ...const import APP_PERMISSIONS, DELEGATED_PERMISSIONS, HVE_PERMISSION
from .tokens import Claims

GRANTED: Final = "granted"
MISSING: Final = "missing"
#: An app without any permission may still send where Exchange itself lets it (App RBAC): SMTP only.
#: learn.microsoft.com/exchange/client-developer/legacy-protocols/smtp-app-rbac-onboarding
APP_RBAC: Final = "app_rbac"
#: High Volume Email asks for another permission than client submission.
HVE_ONLY: Final = "hve_only"


@dataclass(frozen=True)
class Finding:
    """What a token says about one protocol.

    :ivar permission: the permission it needs
    :ivar verdict: ``granted``, ``missing``, ``app_rbac`` or ``hve_only``
    """

    protocol: str
    permission: str
    verdict: str


def findings(claims: Claims, flow: str, *, hve: bool = False) -> list[Finding]:
    """Return what a token may do, protocol by protocol.

    :param flow: ``app`` or ``delegated``
    :param hve: High Volume Email is used
    """
    wanted = {**(APP_PERMISSIONS if flow == "app" else DELEGATED_PERMISSIONS), **({"hve": HVE_PERMISSION} if hve else {})}
    held = set(claims.roles if flow == "app" else claims.scopes)
    return [Finding(protocol, permission, _verdict(protocol, permission, held, flow)) for protocol, permission in wanted.items()]


def _verdict(protocol: str, permission: str, held: set[str], flow: str) -> str:
    if permission in held:
        return GRANTED
    if flow == "app" and protocol == "smtp":
        if not held:
            return APP_RBAC
        if HVE_PERMISSION in held:
            return HVE_ONLY
    return MISSING
