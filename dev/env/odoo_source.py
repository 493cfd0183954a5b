"""Provides Odoo 19: Debian's package unpacked into the cache, or the folder that ODOO_SOURCE names."""
from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import apt, paths
from .build import ensure
from .process import log_to
from .progress import Failure, say, step

# What the package links to instead of carrying it. Suites are named: the file names differ between them.
_PACKAGES = (
    "odoo-19/sid", "libjs-jquery/sid", "libjs-jquery-form/sid", "libjs-underscore/sid", "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid", "fonts-inconsolata/sid", "fonts-ocr-b/sid", "fonts-glyphicons-halflings/sid",
    "fonts-font-awesome/bookworm",
)
# Two thirds of the package are translations; a few languages are enough, also for Odoo's own tests.
_LEFT_OUT = ("*/i18n/[!defnip]*.po", "*/i18n/*.pot", "./usr/share/doc/*")
_SELFIE = "@mediapipe/selfie_segmentation"
_MODULES = Path("usr/lib/python3/dist-packages")


@dataclass(frozen=True)
class Odoo:
    """An Odoo 19 that can be run."""

    python_path: Path
    addons: tuple[Path, ...]
    key: str


def provide() -> Odoo:
    """Return Odoo, fetched on first use."""
    own = os.environ.get("ODOO_SOURCE")
    return _own(Path(own).expanduser().resolve()) if own else _packaged()


def _own(folder: Path) -> Odoo:
    release = folder / "odoo" / "release.py"
    if not release.is_file() or "(19, 0," not in release.read_text():
        raise Failure(f"ODOO_SOURCE={folder} holds no Odoo 19: {release} is missing or of another version.")
    addons = folder / "addons"
    found = (addons,) if (addons / "mail").is_dir() else ()
    # A checkout moves on under us; its head tells, where there is one.
    head = folder / ".git" / "logs" / "HEAD"
    state = head.stat().st_mtime_ns if head.exists() else release.stat().st_mtime_ns
    return Odoo(folder, found, paths.digest("source", folder, state))


def _packaged() -> Odoo:
    key = paths.digest(_PACKAGES, _LEFT_OUT, _SELFIE)
    prefix = ensure(paths.shared() / f"odoo-{key}", "Odoo", _make)
    return Odoo(prefix / _MODULES, (), key)


def _make(prefix: Path) -> None:
    log = paths.logs() / "odoo.log"
    log.unlink(missing_ok=True)
    uri = apt.required_archive()
    work = prefix / ".work"
    with step("Fetching Odoo 19 from Debian (about 130 MB)"):
        private = apt.PrivateApt(work, [apt.Source(uri, "sid"), apt.Source(uri, "bookworm")], log)
        private.update(apt.OWN_ODOO)
        packages = private.download(_PACKAGES)
    with step("Unpacking Odoo"):
        for package in packages:
            _unpack_slim(package, prefix)
    odoo = prefix / _MODULES / "odoo"
    with step("Fetching what Debian left out of Odoo's web client"):
        _add_selfie_segmentation(odoo, work, log)
    _check_links(odoo)
    shutil.rmtree(work)


def _unpack_slim(package: Path, prefix: Path) -> None:
    """Unpack without the files that nobody needs here; dpkg itself has no option for that."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as stream:  # noqa: S603,S607
        left_out = [f"--exclude={name}" for name in _LEFT_OUT]
        tar = ["tar", "--extract", "--no-same-owner", f"--directory={prefix}", *left_out]
        code = subprocess.run(tar, stdin=stream.stdout, check=False).returncode  # noqa: S603
    if code or stream.returncode:
        raise Failure(f"{package.name} could not be unpacked; is the disk full?")


def _add_selfie_segmentation(odoo: Path, work: Path, log: Path) -> None:
    """Add the script whose absence would be a console error, which fails every browser tour."""
    target = odoo / "addons" / "mail" / "static" / "lib" / "selfie_segmentation"
    target.mkdir(parents=True, exist_ok=True)
    if not shutil.which("npm"):
        say("npm is not installed: the web client's background blur in calls will not work here.")
        (target / "selfie_segmentation.js").write_text("// Left out: npm was not there to fetch it.\n")
        return
    npm_cache = {"npm_config_cache": str(work / "npm"), "npm_config_update_notifier": "false"}
    log_to(log, ["npm", "pack", "--silent", _SELFIE], cwd=work, env={**os.environ, **npm_cache},
           failing=f"npm could not fetch {_SELFIE}")
    archive = next(work.glob("*.tgz"))
    log_to(log, ["tar", "--extract", "--strip-components=1", f"--directory={target}", f"--file={archive}"])


def _check_links(odoo: Path) -> None:
    """Stop if a file that the web client loads would be missing: its 404 would show up much later, in a tour."""
    broken = [path for name in ("web", "mail", "bus", "base", "base_setup") for path in
              (odoo / "addons" / name / "static").rglob("*") if path.is_symlink() and not path.exists()]
    if broken:
        raise Failure("Odoo's web client lacks files: " + ", ".join(str(path.relative_to(odoo)) for path in broken))
