"""Fetches Debian packages from the system's own mirror: no root, nothing installed, signatures checked."""
from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import log_to, output_of
from .progress import Failure

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OWN_ODOO = "set ODOO_SOURCE=/path/to/odoo to use an Odoo 19 that you have"
_ROLLING = ("oldoldstable", "oldstable", "stable", "testing", "unstable", "sid")
# Hooks and pins that the administrator made for the system's own packages have no say in our private lists.
_SETTINGS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Default-Release "";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
Dir::Cache "{root}/cache";
Dir::State::lists "{root}/lists";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{root}/preferences";
"""


@dataclass(frozen=True)
class Source:
    """One suite of one Debian archive."""

    uri: str
    suite: str

    def stanza(self) -> str:
        """Return the source in apt's deb822 form; only Debian's own keys may sign it."""
        signed = f"Signed-By: {_KEYRING}\n" if _KEYRING.exists() else ""
        return f"Types: deb\nURIs: {self.uri}\nSuites: {self.suite}\nComponents: main\n{signed}\n"


def host_codename() -> str:
    """Return the code name of the running Debian release, or an empty text elsewhere."""
    if not Path("/etc/os-release").exists():
        return ""
    system = platform.freedesktop_os_release()
    return system.get("VERSION_CODENAME", "") if system.get("ID") == "debian" else ""


def host_sources() -> list[Source]:
    """Return the Debian suites among the system's apt sources; other vendors' repositories are left out.

    apt itself tells, since it alone knows every way a source can be written down.
    """
    if not shutil.which("apt-get"):
        return []
    wanted = {name + part for name in (host_codename(), *_ROLLING) for part in ("", "-updates", "-security")}
    listed = output_of(
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
         "Created-By: Packages"],
        env={**os.environ, "LC_ALL": "C.UTF-8"}, failing="apt cannot read this machine's package sources",
    )
    found = []
    for line in listed.splitlines():
        uri, suite, component = line.split()
        if suite in wanted and component == "main":
            found.append(Source(uri, suite))
    return list(dict.fromkeys(found))


def archive() -> str | None:
    """Return the address of the Debian archive that this machine uses, or None where there is none."""
    return next((source.uri for source in host_sources() if source.suite in (host_codename(), *_ROLLING)), None)


class PrivateApt:
    """apt with its own lists and download folder below `root`."""

    def __init__(self, root: Path, sources: Iterable[Source], log: Path) -> None:
        self._root = root
        self._log = log
        for folder in ("cache/archives/partial", "lists/partial", "sources", "preferences", "packages"):
            (root / folder).mkdir(parents=True)
        (root / "apt.conf").write_text(_SETTINGS.format(root=root))
        (root / "sources" / "debian.sources").write_text("".join(source.stanza() for source in sources))

    def _run(self, *arguments: str, failing: str, cwd: Path | None = None) -> None:
        log_to(self._log, ["apt-get", "-q", "-c", self._root / "apt.conf", *arguments], cwd=cwd, failing=failing)

    def update(self, remedy: str) -> None:
        """Fetch the package lists and check their signatures."""
        self._run("update", "--error-on=any",
                  failing=f"This machine's Debian mirror did not answer as it should; {remedy}")

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Fetch exactly these packages."""
        self._run("download", *packages, failing="Debian packages could not be fetched", cwd=self._root / "packages")
        return sorted((self._root / "packages").glob("*.deb"))

    def download_missing(self, packages: Sequence[str]) -> list[Path]:
        """Fetch these packages and what they need, except what the system has installed."""
        self._run(
            # Those already installed are fetched as well: somebody may remove them from the system.
            "install", "--yes", "--download-only", "--reinstall", "--no-install-recommends", *packages,
            failing=f"The packages {', '.join(packages)} or what they need could not be fetched",
        )
        return sorted((self._root / "cache" / "archives").glob("*.deb"))


def unpack(packages: Iterable[Path], prefix: Path, log: Path) -> None:
    """Unpack packages into one folder, so that the links between them resolve inside it."""
    for package in packages:
        log_to(log, ["dpkg-deb", "--extract", package, prefix], failing=f"{package.name} could not be unpacked")


def required_archive() -> str:
    """Return the archive's address, or end with what to do without one."""
    uri = archive()
    if not uri:
        raise Failure(
            f"This machine has no apt source of a Debian archive, which Odoo 19 would be fetched from; {OWN_ODOO}."
        )
    return uri
