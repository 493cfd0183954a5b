"""Builds what an administrator installs with pip: the addon as `git archive` gives it, as a wheel."""
from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from . import paths
from .process import output_of
from .runtime import Runtime

_NAME = f"odoo-addon-{paths.ADDON}"
_LEFT_OUT = ("dev/", "docs/", "tests/", ".")
# What is built from and not installed.
_BUILT_FROM = {"pyproject.toml"}
_REQUIRES = ("odoo", "msal", "cryptography", "imapclient", "dnspython")


def build(parts: Runtime, into: Path) -> Path:
    """Build the wheel of what is committed and return it; it has no other dependencies than the manifest's."""
    with tempfile.TemporaryDirectory() as folder:
        addon = Path(folder, paths.ADDON)  # the wheel has its name from the folder
        with _archive() as tar:
            tar.extractall(addon, filter="data")
        output_of(
            [parts.python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", into, addon],
            env=parts.environment(), failing="The wheel can't be built")
    [wheel] = into.glob("*.whl")
    return wheel


def _archive() -> tarfile.TarFile:
    archive = subprocess.run(
        ["git", "archive", "--worktree-attributes", "HEAD"], cwd=paths.REPOSITORY, check=True, capture_output=True).stdout
    return tarfile.open(fileobj=io.BytesIO(archive))


def complaints(parts: Runtime) -> list[str]:
    """Return what is wrong with the wheel."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(build(parts, Path(folder))) as wheel:
        root = f"odoo/addons/{paths.ADDON}/"
        names = {name.removeprefix(root) for name in wheel.namelist() if name.startswith(root)}
        with _archive() as tar:
            needed = {member.name for member in tar if member.isfile()} - _BUILT_FROM
        [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        said = HeaderParser().parsestr(wheel.read(metadata).decode())
    requires = {line.replace("=", "<").replace(">", "<").partition("<")[0] for line in said.get_all("Requires-Dist", [])}
    return [
        *(f"the wheel holds {name}" for name in sorted(names) if name.startswith(_LEFT_OUT)),
        *(f"the wheel lacks {name}" for name in sorted(needed - names)),
        *(f"the wheel does not ask for {name}" for name in _REQUIRES if name not in requires),
        *([f"the wheel is called {said['Name']}"] if said["Name"] != _NAME else []),
    ]
