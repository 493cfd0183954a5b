"""What a person sees in the browser: account picker, consent, device login. Plain pages that work with a keyboard alone."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Iterable, Mapping

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px sans-serif;max-width:32rem;margin:3rem auto}}
button{{display:block;margin:.5rem 0;padding:.5rem 1rem;font:inherit}}</style>
</head><body><h1>{title}</h1>{body}<p><small>A make-believe Microsoft Entra ID on this machine.</small></p></body></html>"""


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=html.escape(title), body=body)


def _form(action: str, hidden: Mapping[str, str], name: str, choices: Iterable[tuple[str, str]]) -> str:
    """Return a form whose buttons submit ``name`` with one of the (value, label) choices."""
    fields = "".join(
        f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">' for key, value in hidden.items()
    )
    buttons = "".join(
        f'<button name="{name}" value="{html.escape(value)}">{html.escape(label)}</button>' for value, label in choices
    )
    return f'<form method="get" action="{html.escape(action)}">{fields}{buttons}</form>'


def pick_account(path: str, query: Mapping[str, str], accounts: Iterable[tuple[str, str]]) -> str:
    """Return the page that asks who signs in: (address, name) pairs."""
    choices = [(address, f"{name} <{address}>" if name else address) for address, name in accounts]
    return _page("Pick an account", _form(path, query, "account", choices))


def ask_consent(path: str, query: Mapping[str, str], app: str, permissions: Iterable[str]) -> str:
    """Return the page that asks for consent."""
    wanted = "".join(f"<li>{html.escape(permission)}</li>" for permission in permissions)
    choices = [("accept", "Accept"), ("decline", "Cancel")]
    return _page(
        "Permissions requested",
        f"<p>{html.escape(app)} would like to:</p><ul>{wanted}</ul>" + _form(path, query, "consent", choices),
    )


def device_login(path: str, known: bool, accounts: Iterable[tuple[str, str]], code: str) -> str:
    """Return the page for the code of another device, or, once it is known, for the account."""
    if known:
        choices = [*accounts, ("", "Cancel")]
        return _page("Are you trying to sign in to Odoo mail?", _form(path, {"code": code}, "account", choices))
    return _page(
        "Enter code",
        f'<form method="get" action="{html.escape(path)}"><label for="code">Code</label> '
        '<input id="code" name="code" autofocus><button>Next</button></form>',
    )


def notice(title: str, words: str) -> str:
    """Return a page that only says something."""
    return _page(title, f'<p role="alert">{html.escape(words)}</p>')


def self_submitting(action: str, values: Mapping[str, str]) -> str:
    """Return the page of OAuth 2.0 Form Post Response Mode."""
    fields = "".join(
        f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">' for key, value in values.items()
    )
    return _page(
        "Working",
        f'<form method="post" action="{html.escape(action)}">{fields}<noscript><button>Continue</button></noscript>'
        "</form><script>document.forms[0].submit()</script>",
    )


def with_query(address: str, values: Mapping[str, str]) -> str:
    """Return an address with more values in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urllib.parse.urlencode(values)}"
