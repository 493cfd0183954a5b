"""Which directory a domain belongs to, as Entra tells anybody who asks.

https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc: a domain of the tenant may stand in the address in place of its id,
and the issuer in the answer has the id.
"""

import json
import re

from ..addresses import ascii_address
from .authority import is_directory_id
from .https import HttpClient, origin

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def directory_of(authority: str, domain: str) -> str:
    """Return the id of the directory that a domain is verified in; "" if no directory can have it, or the answer cannot be read.

    :param authority: ``https://<host>/<directory id>`` of the cloud to ask
    :raise EntraRefused: no directory has it (AADSTS90002), or Entra was not reached
    """
    name = ascii_address(f"x@{domain}").rpartition("@")[2]
    if not is_directory_id(name):
        return ""
    answer = HttpClient(authority).get(f"{origin(authority)}/{name}/v2.0/.well-known/openid-configuration")
    found = _GUID.search(str(json.loads(answer.text).get("issuer")).lower())
    return found[0] if found else ""
