"""Tours in another language: the same steps, and no word of ours is left in English."""

import json
import re
from pathlib import Path
from unittest.mock import patch

import polib
from odoo.tests.common import ChromeBrowser

_I18N = Path(__file__).resolve().parents[1] / "i18n"
# Core's modules whose words are on the same screens.
_MODULES = ("base", "web", "mail", "base_setup", "mail_office365")
_SAID = "mail_office365 said: "
# Notes every text that a page shows, also what is gone soon after, and what is read aloud.
_LISTEN = """
(() => {
    const known = new Set();
    let fresh = [];
    const note = (text) => {
        text = (text || "").replace(/\\s+/g, " ").trim();
        if (text && !known.has(text)) {
            known.add(text);
            fresh.push(text);
        }
    };
    const read = (node) => {
        if (node.nodeType === Node.TEXT_NODE) {
            note(node.data);
        } else if (node.nodeType === Node.ELEMENT_NODE && !["SCRIPT", "STYLE", "TEMPLATE"].includes(node.tagName)) {
            ["title", "aria-label", "placeholder", "data-tooltip", "alt"].forEach((name) => note(node.getAttribute(name)));
            node.childNodes.forEach(read);
        }
    };
    const tell = () => {
        if (fresh.length) {
            console.log(SAID + JSON.stringify(fresh));
            fresh = [];
        }
    };
    new MutationObserver((changes) => {
        changes.forEach((change) => (change.type === "childList" ? change.addedNodes.forEach(read) : read(change.target)));
        tell();
    }).observe(document, {
        subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["title", "aria-label", "placeholder"]});
})();
""".replace("SAID", json.dumps(_SAID))
# What splits a term into the pieces that are in a page one by one: values that are filled in, markup.
_VALUES = re.compile(r"%\(\w+\)[-\d.]*[a-z]|%[-\d.]*[sd]\b|<[^>]+>|\$\{.*?\}|\n")
# From so many words on, a piece is also looked for within a text.
_SENTENCE = 4


class InLanguage:
    """Goes before a class of tours: its tests run for users who read German.

    :cvar language: of the users
    """

    language = "de_DE"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(cls.language)
        cls.env["ir.module.module"].search([("name", "in", _MODULES)])._update_translations([cls.language])

    def browser_js(self, url_path, code, *args, login=None, **kwargs):
        if login:
            self.env["res.users"].search([("login", "=", login)]).lang = self.language
        said = set()
        handle, navigate = ChromeBrowser._handle_console, ChromeBrowser.navigate_to

        def handle_console(browser, type, args=None, **more):  # noqa: A002 - Chromium's name
            text = str(args[0].get("value")) if args else ""
            if text.startswith(_SAID):
                said.update(json.loads(text.removeprefix(_SAID)))
            else:
                handle(browser, type, args, **more)

        def navigate_to(browser, *args, **more):
            browser._websocket_request("Page.addScriptToEvaluateOnNewDocument", params={"source": _LISTEN})
            return navigate(browser, *args, **more)

        with patch.object(ChromeBrowser, "_handle_console", handle_console), patch.object(ChromeBrowser, "navigate_to", navigate_to):
            result = super().browser_js(url_path, code, *args, login=login, **kwargs)
        terms = {entry.msgid: entry.msgstr for entry in polib.pofile(str(_I18N / f"{self.language[:2]}.po"))}
        self.assertTrue(said & set(terms.values()), "nothing of ours was shown at all")
        self.assertEqual(left_in_english(said, terms), [])
        return result


def left_in_english(said: set[str], terms: dict[str, str]) -> list[str]:
    """Return what of the terms was said as it is in English.

    :param said: texts of a page
    :param terms: translations by English term
    """
    translated = {piece for text in terms.values() for piece in _pieces(text)}
    english = {piece for term in terms for piece in _pieces(term)} - translated
    sentences = [piece for piece in english if len(piece.split()) >= _SENTENCE]
    return sorted(text for text in said if text in english or any(piece in text for piece in sentences))


def _pieces(term: str) -> list[str]:
    pieces = (re.sub(r"\s+", " ", piece).strip() for piece in _VALUES.split(term))
    return [piece for piece in pieces if re.search(r"[^\W\d_]{2}", piece)]
