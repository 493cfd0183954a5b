"""Provides the Python environment for Odoo, the tests and the linters, and PostgreSQL's binaries, all from wheels."""
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
_POSTGRES = "pgserver==0.1.4"
_UV = "uv==0.13.9"
_QUIET = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-compile")


def provide() -> Path:
    """Return the environment's folder, built on first use."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        raise Failure(
            f"Odoo 19 runs on Python 3.10 to 3.13, and this is {sys.version.split()[0]}; "
            "start dev/o365 with another one, for example: python3.12 dev/o365 test"
        )
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    key = paths.digest(_REQUIREMENTS.read_text(), base, sys.version)
    folder = paths.shared() / f"venv-{key}"
    return ensure(folder, "the Python environment", lambda folder: _make(folder, base), movable=False)


def _make(folder: Path, base: Path) -> None:
    log = paths.logs() / "venv.log"
    log.unlink(missing_ok=True)
    with step("Installing Python packages (about 100)"):
        log_to(log, [base, "-m", "venv", folder],
               failing="A virtual environment could not be made; on Debian, install the package python3-venv")
        python = folder / "bin" / "python"
        log_to(log, [python, "-m", "pip", "install", *_QUIET, "--only-binary=:all:", _UV],
               env=_environment(), failing="pip could not install uv")
        log_to(log, [folder / "bin" / "uv", "pip", "install", "--quiet", "--python", python, "--require-hashes", "--only-binary=:all:",
                     *(f"--no-binary={name}" for name in _SOURCE_ONLY), "--requirement", _REQUIREMENTS],
               env=_environment() | _uv_settings(python), failing="uv could not install the Python packages")


def lock(venv: Path) -> None:
    """Write the versions and hashes of what `requirements.in` asks for: those that are written already, unless they do not fit any more."""
    command = [venv / "bin" / "uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.10", "--generate-hashes",
               "--no-annotate", "--no-emit-index-url", "--no-header", _REQUIREMENTS.with_suffix(".in"), f"--output-file={_REQUIREMENTS}"]
    log_to(paths.logs() / "lock.log", command, env=_environment() | _uv_settings(venv / "bin" / "python"),
           failing="The requirements could not be resolved")


def _uv_settings(python: Path) -> dict[str, str]:
    """Return what uv has to know of this machine: it trusts the system's certificates, and asks where pip is configured to ask."""
    found = subprocess.run(
        [python, "-m", "pip", "config", "get", "global.index-url"], env=_environment(), capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or found.stdout.strip()
    return {"UV_NATIVE_TLS": "1", **({"UV_DEFAULT_INDEX": index} if index else {})}


def provide_postgres(venv: Path) -> Path:
    """Return the folder of PostgreSQL's programs.

    They come in a wheel that exists for some Python versions only, but have nothing to do with Python: one wheel
    serves every version, and its Python part, which would create system users, is not used.
    """
    target = paths.shared() / f"postgres-{paths.digest(_POSTGRES, os.uname().machine)}"
    ensure(target, "PostgreSQL", lambda folder: _make_postgres(folder, venv))
    return target / "pgserver" / "pginstall" / "bin"


def _make_postgres(folder: Path, venv: Path) -> None:
    log = paths.logs() / "postgres-install.log"
    log.unlink(missing_ok=True)
    with step("Fetching PostgreSQL"):
        log_to(log, [venv / "bin" / "python", "-m", "pip", "install", *_QUIET, "--only-binary=:all:", "--no-deps",
                     "--python-version=3.12", "--implementation=cp", "--abi=cp312", f"--target={folder}", _POSTGRES],
               env=_environment(), failing="pip could not fetch PostgreSQL")


def _environment() -> dict[str, str]:
    """Return the caller's environment, so that pip's own configuration holds, without other Python settings."""
    others = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in others}
