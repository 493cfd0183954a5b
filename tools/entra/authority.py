"""Which addresses a secret may be sent to: one host, one directory, nothing that leads elsewhere."""

import re
from typing import Final
from urllib.parse import urlsplit

_GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])", re.IGNORECASE)
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?(?::\d{{1,5}})?", re.IGNORECASE)


def is_guid(text: str) -> bool:
    """Tell whether a text is a GUID, as Entra shows it."""
    return bool(_GUID.fullmatch(text))


def is_directory_id(text: str) -> bool:
    """Tell whether a text names one directory: its tenant id, or one of its domains.

    Neither ``common`` nor ``organizations`` nor ``consumers`` does, which sign in anybody; nor has a domain a character that could
    lead a secret to another host.
    """
    return is_guid(text) or bool(_DOMAIN.fullmatch(text))


def is_authority(url: str) -> bool:
    """Tell whether a URL is ``https://<host>/<directory id>``, perhaps with a port, and nothing more."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - checks its range
    except ValueError:
        return False
    # Compared as a whole, as urlsplit() drops some characters.
    return (url == f"https://{parts.netloc}/{parts.path[1:]}" and bool(_HOST.fullmatch(parts.netloc))
            and is_directory_id(parts.path[1:]))


def authority_url(host: str, directory_id: str) -> str:
    """Return the authority of a directory.

    :param host: ``authority`` of one of the ``ENTRA_CLOUDS``
    """
    return f"https://{host}/{directory_id}"
