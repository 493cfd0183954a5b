"""Exports the addon's terms into i18n/, the same file for the same terms; `dev/translations` keeps the languages in step."""
from __future__ import annotations

import re
from pathlib import Path

from . import paths
from .process import log_to
from .runtime import Runtime

# These differ at every export, and say nothing.
_CHANGING = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team):.*\n', re.MULTILINE)


def export(parts: Runtime, database: str) -> Path:
    """Write the template file and return its path."""
    target = paths.REPOSITORY / "i18n" / f"{paths.ADDON}.pot"
    fresh = paths.run_folder() / f"{database}.pot"
    log = paths.logs() / "pot.log"
    log.unlink(missing_ok=True)
    command = [parts.python, "-m", "odoo", "i18n", "export", "-c", parts.config(database), "-d", database,
               "-o", fresh, paths.ADDON]
    log_to(log, command, env=parts.environment(), failing="Odoo could not export the terms")
    target.parent.mkdir(exist_ok=True)
    target.write_text(_CHANGING.sub("", fresh.read_text(encoding="utf-8")), encoding="utf-8")
    fresh.unlink()
    update = [parts.python, "-m", "translations", "update"]
    log_to(log, update, env=parts.environment(), failing="The languages could not be brought in step with the template")
    return target
