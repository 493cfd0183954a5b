"""Where everything lives: the repository, and one cache folder for all that is built or downloaded."""
from __future__ import annotations

import hashlib
import os
from pathlib import Path

ADDON = "mail_office365"
REPOSITORY = Path(__file__).resolve().parents[2]
DEV = REPOSITORY / "dev"


def digest(*parts: object) -> str:
    """Return a short, stable key for what `parts` describe."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def cache() -> Path:
    """Return the folder that holds all that we build; the specification only honours absolute paths."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return _folder((Path(base) if os.path.isabs(base) else Path.home() / ".cache") / ADDON)


def shared() -> Path:
    """Return the folder for what every checkout uses: Odoo, Python, tools, a ready database cluster."""
    return _folder(cache() / "shared")


def checkout() -> Path:
    """Return this checkout's own folder; the hash keeps two checkouts with the same folder name apart."""
    return _folder(cache() / "checkouts" / f"{REPOSITORY.name}-{digest(REPOSITORY)[:8]}")


def log(name: str) -> Path:
    """Return the log of a long step."""
    return _folder(checkout() / "logs") / f"{name}.log"


def new_log(name: str) -> Path:
    """Return the log of a long step, without what an earlier run wrote."""
    log(name).unlink(missing_ok=True)
    return log(name)


def addons() -> Path:
    """Return an addons folder whose one entry links to the checkout, which itself may have any name."""
    link = _folder(checkout() / "addons") / ADDON
    if not (link.is_symlink() and link.resolve() == REPOSITORY):
        spare = link.with_name(f".{ADDON}.{os.getpid()}")
        spare.symlink_to(REPOSITORY)
        spare.replace(link)
    return link.parent


def addon_link() -> Path:
    """Return the checkout under the name that Odoo and pytest must see."""
    return addons() / ADDON
