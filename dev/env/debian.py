"""Fetches Odoo 19, Dovecot and Chromium as packages of Debian: no root, nothing installed, signatures checked."""
from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .build import ensure
from .process import log_to, output_of
from .progress import Failure, step

# What Odoo's package links to instead of carrying it. Suites are named: the file names differ between them.
_ODOO = (
    "odoo-19/sid", "libjs-jquery/sid", "libjs-jquery-form/sid", "libjs-underscore/sid", "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid", "fonts-inconsolata/sid", "fonts-ocr-b/sid", "fonts-glyphicons-halflings/sid",
    "fonts-font-awesome/bookworm",
)
# Two thirds of the package are translations; a few languages are enough, also for Odoo's own tests.
_LEFT_OUT = ("*/i18n/[!defnip]*.po", "*/i18n/*.pot", "./usr/share/doc/*")
_MODULES = Path("usr/lib/python3/dist-packages")
_TOOLS = ("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "chromium", "chromium-common", "fonts-liberation", "fontconfig-config")

_ROLLING = ("oldoldstable", "oldstable", "stable", "testing", "unstable", "sid")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
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

_CHROMIUM = """\
#!/bin/sh
# Ends with the program that started it; speaks to nobody but the pages it is given.
here=$(dirname "$(dirname "$(readlink -f "$0")")")
export LD_LIBRARY_PATH="{libraries}"
export FONTCONFIG_FILE="$here/fonts.conf" FONTCONFIG_PATH="$here/etc/fonts"
sandbox=
if [ "$(id -u)" = 0 ]; then sandbox=--no-sandbox; fi
exec setpriv --pdeathsig TERM "$here/usr/lib/chromium/chromium" $sandbox --disable-quic --no-first-run \\
  --disable-background-networking --disable-component-update --disable-sync "$@"
"""
# Only the fonts that came along, so that pictures look the same on every machine.
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
{aliases}</fontconfig>
"""
_ALIAS = """\
  <alias binding="same"><family>{name}</family><prefer><family>Liberation {font}</family></prefer></alias>
"""
_FAMILIES = {
    "Sans": ("sans-serif", "system-ui", "Arial", "Helvetica"), "Serif": ("serif", "Times", "Times New Roman"),
    "Mono": ("monospace", "Courier", "Courier New"),
}


@dataclass(frozen=True)
class Odoo:
    """An Odoo 19 that can be run."""

    python_path: Path
    addons: tuple[Path, ...]
    key: str


def odoo() -> Odoo:
    """Return Odoo: the folder that ODOO_SOURCE names, or Debian's package, fetched on first use."""
    if own := os.environ.get("ODOO_SOURCE"):
        return _own_odoo(Path(own).expanduser().resolve())
    key = paths.digest(_ODOO, _LEFT_OUT)
    return Odoo(ensure(paths.shared() / f"odoo-{key}", "Odoo", _make_odoo) / _MODULES, (), key)


def _own_odoo(folder: Path) -> Odoo:
    release = folder / "odoo" / "release.py"
    if not release.is_file() or "(19, 0," not in release.read_text():
        raise Failure(f"ODOO_SOURCE={folder} holds no Odoo 19: {release} is missing or of another version.")
    addons = folder / "addons"
    # A checkout moves on under us; its head tells, where there is one.
    head = folder / ".git" / "logs" / "HEAD"
    state = (head if head.exists() else release).stat().st_mtime_ns
    return Odoo(folder, (addons,) if (addons / "mail").is_dir() else (), paths.digest("source", folder, state))


def _make_odoo(prefix: Path) -> None:
    log = paths.new_log("odoo")
    archive = next(uri for uri, suite in _sources() if not suite.endswith(("-updates", "-security")))
    with step("Fetching Odoo 19 from Debian (about 130 MB)"):
        packages = _fetch(prefix / ".work", [(archive, "sid"), (archive, "bookworm")], log, "download", *_ODOO)
    with step("Unpacking Odoo"):
        _unpack(packages, prefix, log, [f"--exclude={name}" for name in _LEFT_OUT])
    addons = prefix / _MODULES / "odoo" / "addons"
    # Debian left it out; its absence would be a console error, which fails every browser tour. It blurs what is behind a caller.
    selfie = addons / "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    selfie.parent.mkdir(parents=True, exist_ok=True)
    selfie.write_text("// Not in Debian's package.\n")
    # A file that the web client lacks would show up much later, in a tour.
    if broken := [str(path) for name in ("web", "mail", "bus", "base", "base_setup") for path in (addons / name / "static").rglob("*")
                  if path.is_symlink() and not path.exists()]:
        raise Failure(f"Odoo's web client lacks files: {', '.join(broken)}")


def tools() -> Path:
    """Return the folder that holds `usr/sbin/dovecot` and `bin/chromium`, fetched on first use."""
    key = paths.digest(_codename(), platform.machine(), _TOOLS, _CHROMIUM, _FONTS, sorted(_FAMILIES.items()))
    return ensure(paths.shared() / f"tools-{key}", "Dovecot and Chromium", _make_tools)


def _make_tools(prefix: Path) -> None:
    log = paths.new_log("tools")
    with step("Fetching Dovecot and Chromium from Debian (about 130 MB)"):
        # Those already installed are fetched as well: somebody may remove them from the system.
        packages = _fetch(prefix / ".work", _sources(), log, "install", "--yes", "--download-only", "--reinstall",
                          "--no-install-recommends", *_TOOLS)
    with step("Unpacking Dovecot and Chromium"):
        _unpack(packages, prefix, log)
    libraries = _library_folders(prefix)
    aliases = [_ALIAS.format(name=name, font=font) for font, names in _FAMILIES.items() for name in names]
    (prefix / "fonts.conf").write_text(_FONTS.format(aliases="".join(aliases)))
    chromium = prefix / "bin" / "chromium"
    chromium.parent.mkdir()
    chromium.write_text(_CHROMIUM.format(libraries=":".join(f"$here/{folder.relative_to(prefix)}" for folder in libraries)))
    chromium.chmod(0o755)
    chromium.with_name("google-chrome").symlink_to("chromium")  # the name that Odoo looks for first
    log_to(log, [chromium, "--version"], failing="The unpacked Chromium does not start")
    log_to(log, [prefix / "usr/sbin/dovecot", "--version"], failing="The unpacked Dovecot does not start",
           env=os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, [prefix / "usr/lib/dovecot", *libraries]))})


def _library_folders(prefix: Path) -> list[Path]:
    """Return the folders of shared libraries; a few packages keep theirs in a folder of their own, one level down."""
    roots = [root for root in (prefix / "usr/lib", prefix / "lib") if root.is_dir() and not root.is_symlink()]
    main = [folder for root in roots for folder in sorted(root.glob("*-linux-gnu*"))]
    return main + [below for folder in main for below in sorted(folder.iterdir())
                   if below.is_dir() and any(below.glob("lib*.so*"))]


def _codename() -> str:
    """Return the code name of the running Debian release, or an empty text elsewhere."""
    system = platform.freedesktop_os_release()
    return system.get("VERSION_CODENAME", "") if system["ID"] == "debian" else ""


def _sources() -> list[tuple[str, str]]:
    """Return addresses and suites of Debian among the system's apt sources; other vendors' repositories are left out.

    apt itself tells, since it alone knows every way a source can be written down.
    """
    suites = re.compile(rf"({'|'.join(filter(None, (*_ROLLING, _codename())))})(-updates|-security)?")
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    listed = [line.split() for line in output_of(command, failing="apt cannot read this machine's package sources").splitlines()]
    found = [(uri, suite) for uri, suite, component in listed if suites.fullmatch(suite) and component == "main"]
    if not found:
        raise Failure("This machine has no apt source of a Debian archive, which Odoo 19, Dovecot and Chromium are fetched from.")
    return list(dict.fromkeys(found))


def _fetch(work: Path, sources: Sequence[tuple[str, str]], log: Path, *arguments: str) -> list[Path]:
    """Run apt with lists and downloads of its own; return the packages that it fetched. Only Debian's own keys may sign the lists."""
    for folder in ("cache/archives/partial", "lists/partial", "sources", "preferences", "packages"):
        (work / folder).mkdir(parents=True)
    (work / "apt.conf").write_text(_SETTINGS.format(root=work))
    signed = f"Signed-By: {_KEYRING}\n" if _KEYRING.exists() else ""
    (work / "sources" / "debian.sources").write_text("".join(
        f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\n{signed}\n" for uri, suite in sources))
    apt = ["apt-get", "-q", "-c", work / "apt.conf"]
    log_to(log, [*apt, "update", "--error-on=any"], failing="This machine's Debian mirror did not answer as it should; try again later, "
           "or set ODOO_SOURCE=/path/to/odoo to use an Odoo 19 that you have")
    log_to(log, [*apt, *arguments], cwd=work / "packages", failing="Debian packages could not be fetched")
    return sorted(work.rglob("*.deb"))


def _unpack(packages: Sequence[Path], prefix: Path, log: Path, options: Sequence[str] = ()) -> None:
    """Unpack packages into one folder, so that the links between them resolve inside it, and remove what fetched them."""
    script = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --no-same-owner --keep-directory-symlink --directory="$2" "${@:3}"'
    for package in packages:
        log_to(log, ["bash", "-o", "pipefail", "-c", script, "unpack", package, prefix, *options],
               failing=f"{package.name} could not be unpacked; is the disk full?")
    shutil.rmtree(prefix / ".work")
