"""Keeps the languages of `i18n/` in step with the template: `update` merges, `check` says what is wrong with them."""
from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import polib

_FOLDER = Path(__file__).resolve().parents[2] / "i18n"
_TEMPLATE = _FOLDER / "mail_office365.pot"
#: Odoo's names of the languages, each with the rule of its plural, which Odoo does not use.
LANGUAGES = {
    "de": "nplurals=2; plural=(n != 1);", "es": "nplurals=2; plural=(n != 1);", "fr": "nplurals=2; plural=(n > 1);",
    "it": "nplurals=2; plural=(n != 1);", "nl": "nplurals=2; plural=(n != 1);", "pt_BR": "nplurals=2; plural=(n > 1);",
}
# Modules of core whose words are on the same screens; the first one that has a term gives it to a language that has none.
_CORE = ("mail", "base", "web", "base_setup")
# Terms of core that mean something else there, such as a file on a disk, or that core misspells in a language.
_OTHER_SENSE = frozenset({
    "About", "Account", "After", "Allowed", "Before", "Change", "Check", "Close", "Comparison", "Connection", "Credential", "Default From",
    "Delivery", "Ended", "Everyone", "File", "From", "Headers", "Hello,", "Line", "Mail", "Message-Id", "Next", "OK", "Open", "Opening",
    "Outgoing", "Pause", "Rank", "Send By", "Server Name", "Set", "Source", "Start", "State", "Step", "Stop",
    "TLS (STARTTLS), encryption and validation", "Test", "Time", "To", "Topic", "Working", "none"})
# Menus, fields and buttons of core that our sentences send people to: they have to be called what the screen calls them.
_NAMED = (
    "Settings > Technical", "Outgoing Mail Servers", "Scheduled Actions", "Email Templates", "Mail Gateway Allowed", "Discuss",
    "Actions > Unarchive", "Mail: Fetchmail Service", "Default From Alias", "Email Configuration", "FROM Filtering",
    "Connection Encryption", "Send From", "Test & Confirm")
# What must be the same in a term and its translation: values that are filled in, and markup.
_KEPT = re.compile(r"%\(\w+\)[-\d.]*[a-z]|%[-\d.]*[sd]\b|%%|</?\w+[^>]*>|\{\{.*?\}\}|\$\{.*?\}")
_EDGES = re.compile(r"^\s*|\s*$")


def update() -> None:
    """Give each language the terms of the template: what was translated stays, what core has translated is taken from there."""
    template = polib.pofile(str(_TEMPLATE))
    for language, plural in LANGUAGES.items():
        path = _FOLDER / f"{language}.po"
        known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))} if path.exists() else {}
        core = {term: texts[0] for term, texts in core_terms(language).items() if term not in _OTHER_SENSE}
        known = core | {term: text for term, text in known.items() if text}
        translated = polib.POFile(wrapwidth=78)
        translated.metadata = {**template.metadata, "Language": language, "Plural-Forms": plural}
        for entry in template:
            translated.append(polib.POEntry(
                msgid=entry.msgid, msgstr=known.get(entry.msgid, ""), comment=entry.comment, occurrences=entry.occurrences,
                flags=[flag for flag in entry.flags if flag != "fuzzy"]))
        translated.save(str(path))


def core_terms(language: str) -> dict[str, list[str]]:
    """Return how core translates its terms: modules differ at times."""
    [root] = map(Path, importlib.util.find_spec("odoo").submodule_search_locations or ())
    found: dict[str, list[str]] = {}
    for name, addons in itertools.product(_CORE, (root / "addons", root.parent / "addons")):
        file = addons / name / "i18n" / f"{language}.po"
        for entry in polib.pofile(str(file)) if file.exists() else ():
            if entry.msgstr and not entry.fuzzy and entry.msgstr not in found.get(entry.msgid, ()):
                found.setdefault(entry.msgid, []).append(entry.msgstr)
    return found


def complaints() -> Iterator[str]:
    """Yield what is wrong with the translations, a line each."""
    wanted = {entry.msgid for entry in polib.pofile(str(_TEMPLATE))}
    for language in LANGUAGES:
        path = _FOLDER / f"{language}.po"
        if not path.exists():
            yield f"{path.name}: is missing"
            continue
        entries, core = {entry.msgid: entry for entry in polib.pofile(str(path))}, core_terms(language)
        for term in sorted(wanted ^ entries.keys()):
            yield f"{path.name}: {'not there' if term in wanted else 'not in the template'}: {term[:80]!r}"
        for term in sorted(wanted & entries.keys()):
            text = entries[term].msgstr
            if problem := "fuzzy" if entries[term].fuzzy else problem_of(term, text) or strange_to_core(term, text, core):
                yield f"{path.name}: {problem}: {term[:80]!r}"


def strange_to_core(term: str, text: str, core: Mapping[str, list[str]]) -> str:
    """Return what core calls by another name than a translation does, "" if there is nothing."""
    if term in core and term not in _OTHER_SENSE:
        usual = [each for each in core[term] if _EDGES.findall(each) == _EDGES.findall(term)]
        return f"core says {usual[0]!r}" if usual and text not in usual else ""
    for name in _NAMED:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", term):
            pieces = [core.get(piece, [piece]) for piece in name.split(" > ")]
            usual = [" > ".join(each) for each in itertools.product(*pieces)]
            if not any(each.lower() in text.lower() for each in usual):
                return f"core calls {name!r} {usual[0]!r}"
    return ""


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
    if sys.argv[1] == "update":
        update()
    elif found := list(complaints()):
        sys.exit("\n".join([*found[:50], f"{len(found)} problems with translations: dev/o365 pot, then translate what is empty"]))
