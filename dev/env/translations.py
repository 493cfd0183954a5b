"""Exports the addon's terms into i18n/, the same file for the same terms; `dev/translations` keeps the languages in step."""
from __future__ import annotations

import re
from pathlib import Path

from . import paths
from .process import log_to
from .runtime import Site

# These differ at every export, and say nothing.
_CHANGING = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team):.*\n', re.MULTILINE)


def export(site: Site, database: str) -> Path:
    """Write the template file and return its path."""
    target = paths.REPOSITORY / "i18n" / f"{paths.ADDON}.pot"
    fresh = site.data / target.name
    log = paths.new_log("pot")
    log_to(log, [site.python, "-m", "odoo", "i18n", "export", "-c", site.config(database), "-d", database, "-o", fresh, paths.ADDON],
           env=site.environment(), failing="Odoo could not export the terms")
    target.parent.mkdir(exist_ok=True)
    target.write_text(_CHANGING.sub("", fresh.read_text(encoding="utf-8")), encoding="utf-8")
    log_to(log, [site.python, "-m", "translations", "update", site.odoo_parts.python_path / "odoo" / "addons", *site.odoo_parts.addons],
           env=site.environment(), failing="The languages could not be brought in step with the template")
    return target
