"""What a scope asks for: one resource and permissions of it.

https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from __future__ import annotations

import dataclasses
import re

from . import entra_errors as errors
from .entra_directory import DELEGATED, HVE_PERMISSION, EntraDirectory
from .entra_errors import EntraError, Refused

#: Names of Office 365 Exchange Online by cloud; the first is the one that app-only sign-in asks for.
EXCHANGE = {
    "global": ("https://outlook.office365.com", "https://outlook.office.com"),
    "gcc_high": ("https://outlook.office365.us",),
    "dod": ("https://outlook.office365.us",),
    "china": ("https://partner.outlook.cn",),
}
#: A scope without a resource is one of these.
GRAPH = {
    "global": "https://graph.microsoft.com",
    "gcc_high": "https://graph.microsoft.us",
    "dod": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}
OPENID = frozenset({"openid", "profile", "email", "offline_access"})

_GRAPH_PERMISSION = re.compile(r"[A-Z]\w+(\.\w+)+")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A delegated scope, read.

    :ivar resource: empty if only OpenID scopes were asked for.
    :ivar permissions: names without the resource, as the resource spells them.
    """

    resource: str
    permissions: frozenset[str]
    openid: frozenset[str]

    @property
    def scopes(self) -> str:
        """The scope as a token answer has it."""
        return " ".join(f"{self.resource}/{permission}" for permission in sorted(self.permissions))


def resource_of_app(directory: EntraDirectory, scope: str) -> str:
    """Return the resource of an app-only scope.

    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow

    :raise Refused: it is not ``<resource>/.default``, or there is no such resource
    """
    if not scope:
        raise Refused(errors.PARAMETER_MISSING, parameter="scope")
    if len(scope.split()) > 1:
        raise Refused(errors.SCOPE_INVALID, scope=scope)
    resource, slash, permission = scope.rpartition("/")
    if not slash or permission != ".default":
        raise Refused(errors.SCOPE_NOT_DEFAULT, scope=scope)
    _check_resource(directory, resource)
    return resource


def read(directory: EntraDirectory, scope: str, several: EntraError = errors.SEVERAL_RESOURCES) -> Wanted:
    """Read a delegated scope.

    :param several: how more than one resource is refused
    :raise Refused: it is not valid
    """
    words = scope.split()
    if not words:
        raise Refused(errors.PARAMETER_MISSING, parameter="scope")
    graph = GRAPH[directory.cloud]
    pairs = [
        (resource or graph, permission)
        for resource, _slash, permission in (word.rpartition("/") for word in words if word.lower() not in OPENID)
    ]
    openid = frozenset(word.lower() for word in words if word.lower() in OPENID)
    resources = {resource for resource, _permission in pairs}
    if len(resources) > 1:
        raise Refused(several, scope=scope)
    if not resources:
        return Wanted("", frozenset(), openid)
    resource = resources.pop()
    _check_resource(directory, resource)
    permissions = frozenset(_spelled(permission, resource == graph) for _resource, permission in pairs)
    if "" in permissions:
        raise Refused(errors.SCOPE_INVALID, scope=scope)
    return Wanted(resource, permissions, openid)


def _spelled(permission: str, of_graph: bool) -> str:
    """Return a permission as its resource spells it; empty: there is none."""
    if permission == ".default":
        return permission
    if of_graph:
        return permission if _GRAPH_PERMISSION.fullmatch(permission) else ""
    return next((name for name in (*DELEGATED.values(), HVE_PERMISSION) if name.casefold() == permission.casefold()), "")


def _check_resource(directory: EntraDirectory, resource: str) -> None:
    exchange = EXCHANGE[directory.cloud]
    if resource in exchange and not directory.exchange_subscribed:
        raise Refused(errors.PERMISSION_MISSING, resource=resource, tenant=directory.tenant_id)
    if resource not in (*exchange, GRAPH[directory.cloud]):
        raise Refused(errors.RESOURCE_UNKNOWN, resource=resource, tenant=directory.tenant_id)
