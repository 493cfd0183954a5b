"""Provides axe-core, which looks for what keeps people from using a page; only tests load it."""
from __future__ import annotations

import base64
import hashlib
import os
import shutil
from pathlib import Path

from . import paths
from .build import ensure
from .process import log_to
from .progress import Failure, say, step

_PACKAGE = "axe-core@4.14.1"
_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


def provide() -> Path | None:
    """Return the script, fetched on first use; None where it can't be, so that its tests are left out."""
    if not shutil.which("npm"):
        say("npm is not installed: the tests of accessibility are left out.")
        return None
    return ensure(paths.shared() / f"axe-{paths.digest(_PACKAGE, _SHA512)}", "axe-core", _make) / "axe.min.js"


def _make(folder: Path) -> None:
    log = paths.new_log("axe")
    work = folder / ".work"
    work.mkdir()
    npm_cache = {"npm_config_cache": str(work / "npm"), "npm_config_update_notifier": "false"}
    with step("Fetching axe-core"):
        log_to(log, ["npm", "pack", "--silent", _PACKAGE], cwd=work, env={**os.environ, **npm_cache},
               failing=f"npm could not fetch {_PACKAGE}")
    [archive] = work.glob("*.tgz")
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != _SHA512:
        raise Failure(f"What npm fetched is not the {_PACKAGE} that is known here.")
    log_to(log, ["tar", "--extract", "--strip-components=1", f"--directory={folder}", f"--file={archive}", "package/axe.min.js"],
           failing="The package could not be unpacked")
    shutil.rmtree(work)
