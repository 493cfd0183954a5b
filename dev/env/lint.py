"""Runs the linters: the hooks of `.pre-commit-config.yaml`, each a tool of the environment."""
from __future__ import annotations

from collections.abc import Sequence

from . import paths
from .process import execute
from .runtime import Runtime


def run(parts: Runtime) -> int:
    """Run every hook on all files, even after one complained, and return the exit code."""
    home = {"PRE_COMMIT_HOME": str(paths.checkout() / "pre-commit")}
    return execute([parts.python, "-m", "pre_commit", "run", "--all-files"], env=parts.environment() | home, cwd=paths.REPOSITORY)


def tool(parts: Runtime, command: Sequence[str]) -> int:
    """Run a tool where the addon has its name, and return the exit code."""
    name, *arguments = command
    return execute([parts.venv / "bin" / name, *arguments], env=parts.environment(), cwd=paths.addons())
