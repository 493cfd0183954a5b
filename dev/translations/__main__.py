"""Keeps the languages of `i18n/` in step with the template: `update ODOO_ADDONS…` merges, `check` says what is wrong with them."""
from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib

_FOLDER = Path(__file__).resolve().parents[2] / "i18n"
_TEMPLATE = _FOLDER / "mail_office365.pot"
#: Odoo's names of the languages, each with the rule of its plural, which Odoo does not use.
LANGUAGES = {
    "de": "nplurals=2; plural=(n != 1);", "es": "nplurals=2; plural=(n != 1);", "fr": "nplurals=2; plural=(n > 1);",
    "it": "nplurals=2; plural=(n != 1);", "nl": "nplurals=2; plural=(n != 1);", "pt_BR": "nplurals=2; plural=(n > 1);",
}
# Modules of core whose words are on the same screens.
_CORE = ("base", "web", "mail", "base_setup")
# What must be the same in a term and its translation: values that are filled in, and markup.
_KEPT = re.compile(r"%\(\w+\)[-\d.]*[a-z]|%[-\d.]*[sd]\b|%%|</?\w+[^>]*>|\{\{.*?\}\}|\$\{.*?\}")
_EDGES = re.compile(r"^\s*|\s*$")


def update(addons: Iterable[Path]) -> None:
    """Give each language the terms of the template: what was translated stays, what core has translated is taken from there."""
    template = polib.pofile(str(_TEMPLATE))
    for language, plural in LANGUAGES.items():
        path = _FOLDER / f"{language}.po"
        known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))} if path.exists() else {}
        known = core_terms(addons, language) | {term: text for term, text in known.items() if text}
        translated = polib.POFile(wrapwidth=78)
        translated.metadata = {**template.metadata, "Language": language, "Plural-Forms": plural}
        for entry in template:
            translated.append(polib.POEntry(
                msgid=entry.msgid, msgstr=known.get(entry.msgid, ""), comment=entry.comment, occurrences=entry.occurrences,
                flags=[flag for flag in entry.flags if flag != "fuzzy"]))
        translated.save(str(path))


def core_terms(addons: Iterable[Path], language: str) -> dict[str, str]:
    """Return how core translates its terms; of a term that it translates in several ways, the way of the first module."""
    files = [base / name / "i18n" / f"{language}.po" for name in reversed(_CORE) for base in addons]
    return {
        entry.msgid: entry.msgstr for file in files if file.exists() for entry in polib.pofile(str(file))
        if entry.msgstr and not entry.fuzzy}


def complaints() -> Iterator[str]:
    """Yield what is wrong with the translations, a line each."""
    wanted = {entry.msgid for entry in polib.pofile(str(_TEMPLATE))}
    for language in LANGUAGES:
        path = _FOLDER / f"{language}.po"
        if not path.exists():
            yield f"{path.name}: is missing"
            continue
        entries = {entry.msgid: entry for entry in polib.pofile(str(path))}
        for term in sorted(wanted ^ entries.keys()):
            yield f"{path.name}: {'not there' if term in wanted else 'not in the template'}: {term[:80]!r}"
        for term in sorted(wanted & entries.keys()):
            if problem := "fuzzy" if entries[term].fuzzy else problem_of(term, entries[term].msgstr):
                yield f"{path.name}: {problem}: {term[:80]!r}"


def problem_of(term: str, text: str) -> str:
    """Return what is wrong with a translation, "" if nothing is."""
    if not text:
        return "not translated"
    if Counter(_KEPT.findall(term)) != Counter(_KEPT.findall(text)):
        return "other values or markup"
    if _EDGES.findall(term) != _EDGES.findall(text):
        return "other white space at its ends"
    return ""


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "update":
        update([Path(path) for path in paths])
    elif found := list(complaints()):
        sys.exit("\n".join([*found[:50], f"{len(found)} problems with translations: dev/o365 pot, then translate what is empty"]))
