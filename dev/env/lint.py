"""Runs the linters and three checks of our own: of the XML, of imports of Odoo where there must be none, and of the wheel."""
from __future__ import annotations

import ast
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from . import paths, wheel
from .process import execute
from .progress import say
from .runtime import Runtime

_WITHOUT_ODOO = ("dev/env", "dev/sandbox", "tests/servers")
_INSIDE_ODOO = {"dev/env/core_tests.py"}  # a program of its own, never imported
_SKIPPED_FOLDERS = {".git", "__pycache__", "node_modules"}


def _files(suffix: str, *folders: str) -> Iterator[Path]:
    for folder in folders or (".",):
        for parent, below, names in os.walk(paths.REPOSITORY / folder):
            below[:] = sorted(set(below) - _SKIPPED_FOLDERS)
            yield from (Path(parent, name) for name in sorted(names) if name.endswith(suffix))


def _relative(path: Path) -> str:
    return path.relative_to(paths.REPOSITORY).as_posix()


def broken_xml() -> list[str]:
    """Return what is wrong with XML files."""
    found = []
    for path in _files(".xml"):
        try:
            ElementTree.parse(path)  # noqa: S314
        except ElementTree.ParseError as error:
            found.append(f"{_relative(path)}: {error}")
    return found


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def odoo_imports() -> list[str]:
    """Return imports of Odoo where there must be none."""
    return [
        f"{_relative(path)}:{line}: imports {name}; this part must work without Odoo"
        for path in _files(".py", *_WITHOUT_ODOO) if _relative(path) not in _INSIDE_ODOO
        for line, name in _imported(ast.parse(path.read_bytes())) if name.split(".")[0] == "odoo"
    ]


def _tool(parts: Runtime, folder: Path, *command: str) -> bool:
    return execute([parts.python, "-m", *command], env=parts.environment(), cwd=folder) == 0


def run(parts: Runtime) -> int:
    """Run every check, even after one complained, and return the exit code."""
    rules = f"--rcfile={paths.DEV / 'lint' / 'pylintrc'}"
    results = {"ruff": _tool(parts, paths.REPOSITORY, "ruff", "check", "."),
               "pylint": _tool(parts, paths.addons(), "pylint", rules, paths.ADDON),
               "rooms": execute([parts.venv / "bin" / "lint-imports", "--no-cache", f"{paths.ADDON}/pyproject.toml"],
                                env=parts.environment(), cwd=paths.addons()) == 0}
    for name, check in (("XML", broken_xml), ("imports", odoo_imports), ("wheel", functools.partial(wheel.complaints, parts))):
        complaints = check()
        results[name] = not complaints
        for complaint in complaints:
            say(complaint)
    for name, clean in results.items():
        say(f"{name}: {'clean' if clean else 'COMPLAINS, see above'}")
    return 0 if all(results.values()) else 1
