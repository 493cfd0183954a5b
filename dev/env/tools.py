"""Provides Dovecot and Chromium of this machine's own Debian release, unpacked into the cache."""
from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import apt, paths
from .build import ensure
from .process import log_to, output_of
from .progress import Failure, step

_PACKAGES = ("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "chromium", "chromium-common", "fonts-liberation",
             "fontconfig-config")
_BROWSER_NAMES = ("google-chrome", "chromium")  # Odoo looks for the first one first, and must find ours
_WRAPPER = """\
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
class Tools:
    """The folder that holds `usr/sbin/dovecot`, and the folder of commands for PATH."""

    prefix: Path
    bin: Path


def provide() -> Tools:
    """Return the tools, fetched on first use, or the system's own where there is no Debian archive."""
    sources = apt.host_sources()
    if not sources:
        return _of_the_system()
    key = paths.digest(_PACKAGES, _WRAPPER, _FONTS, sorted(_FAMILIES.items()), apt.host_codename(), os.uname().machine)
    prefix = ensure(paths.shared() / f"tools-{key}", "Dovecot and Chromium", _make)
    if not _works(prefix):  # a library of the system that they used was removed meanwhile
        (prefix / ".complete").unlink()
        ensure(prefix, "Dovecot and Chromium", _make)
    return Tools(prefix, prefix / "bin")


def _of_the_system() -> Tools:
    if not Path("/usr/sbin/dovecot").exists() or not any(map(shutil.which, _BROWSER_NAMES)):
        raise Failure(
            "This machine has no apt source of a Debian archive, which Dovecot and Chromium would be fetched from; "
            "install both, and set ODOO_SOURCE=/path/to/odoo as well."
        )
    return Tools(Path("/"), Path("/usr/bin"))


def _make(prefix: Path) -> None:
    log = paths.logs() / "tools.log"
    log.unlink(missing_ok=True)
    work = prefix / ".work"
    with step("Fetching Dovecot and Chromium from Debian (about 130 MB)"):
        private = apt.PrivateApt(work, apt.host_sources(), log)
        private.update("try again later")
        packages = private.download_missing(_PACKAGES)
    with step("Unpacking Dovecot and Chromium"):
        apt.unpack(packages, prefix, log)
        shutil.rmtree(work)
        _write_wrapper(prefix)
    log_to(log, [prefix / "bin" / "chromium", "--version"], failing="The unpacked Chromium does not start")
    log_to(log, [prefix / "usr/sbin/dovecot", "--version"], env=dovecot_environment(prefix),
           failing="The unpacked Dovecot does not start")


def _write_wrapper(prefix: Path) -> None:
    (prefix / "bin").mkdir()
    folders = [folder.relative_to(prefix) for folder in _library_folders(prefix)]
    wrapper = prefix / "bin" / "chromium"
    wrapper.write_text(_WRAPPER.format(libraries=":".join(f"$here/{folder}" for folder in folders)))
    wrapper.chmod(0o755)
    (prefix / "bin" / "google-chrome").symlink_to("chromium")
    aliases = [_ALIAS.format(name=name, font=font) for font, names in _FAMILIES.items() for name in names]
    (prefix / "fonts.conf").write_text(_FONTS.format(aliases="".join(aliases)))


def _library_folders(prefix: Path) -> list[Path]:
    """Return the folders of shared libraries; a few packages keep theirs in a folder of their own, one level down."""
    roots = [root for root in (prefix / "usr/lib", prefix / "lib") if root.is_dir() and not root.is_symlink()]
    main = [folder for root in roots for folder in sorted(root.glob("*-linux-gnu*"))]
    return main + [below for folder in main for below in sorted(folder.iterdir())
                   if below.is_dir() and any(below.glob("lib*.so*"))]


def dovecot_environment(prefix: Path) -> dict[str, str]:
    """Return what an unpacked Dovecot needs to find its libraries."""
    folders = [prefix / "usr/lib/dovecot", *_library_folders(prefix)]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}


def _works(prefix: Path) -> bool:
    """Tell whether the tools start here, which is quick: Dovecot prints its version, the linker knows the rest."""
    try:
        output_of([prefix / "usr/sbin/dovecot", "--version"], env=dovecot_environment(prefix))
    except Failure:
        return False
    return True
