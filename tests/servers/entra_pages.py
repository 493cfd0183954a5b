"""What a person sees in the browser: account picker, consent, device login. Plain pages that work with a keyboard alone."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Iterable, Mapping

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ font: 16px sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem }}
button {{ display: block; margin: .5rem 0; padding: .5rem 1rem; font: inherit }}
</style></head>
<body><main><h1>{title}</h1>
{body}
</main><p><small>A make-believe Microsoft Entra ID on this machine.</small></p></body></html>
"""


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=html.escape(title), body=body)


def _hidden(values: Mapping[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">' for name, value in values.items())


def _buttons(action: str, hidden: Mapping[str, str], name: str, choices: Iterable[tuple[str, str]]) -> str:
    """Return a form whose buttons submit ``name`` with one of the (value, label) choices."""
    buttons = "".join(
        f'<button name="{html.escape(name)}" value="{html.escape(value)}">{html.escape(label)}</button>' for value, label in choices)
    return f'<form method="post" action="{html.escape(action)}">{_hidden(hidden)}{buttons}</form>'


def pick_account(action: str, flow: str, app: str, accounts: Iterable[tuple[str, str]]) -> str:
    """Return the page that asks who signs in: (address, name) pairs."""
    choices = [(address, f"{name} <{address}>" if name else address) for address, name in accounts]
    return _page("Pick an account", f"<p>to continue to {html.escape(app)}</p>" + _buttons(action, {"flow": flow}, "account", choices))


def ask_consent(action: str, flow: str, app: str, account: str, permissions: Iterable[str], *, for_all: bool = False) -> str:
    """Return the page that asks for consent; ``for_all``: for the whole organization."""
    wanted = "".join(f"<li>{html.escape(permission)}</li>" for permission in permissions)
    title = "Permissions requested" + (" - review for your organization" if for_all else "")
    return _page(title, f"<p>{html.escape(account)}</p><p>{html.escape(app)} would like to:</p><ul>{wanted}</ul>"
                 + _buttons(action, {"flow": flow}, "consent", [("accept", "Accept"), ("cancel", "Cancel")]))


def enter_code(action: str, code: str = "") -> str:
    """Return the page that asks for the code of another device."""
    return _page("Enter code to allow access", f'<form method="post" action="{html.escape(action)}"><label for="code">Code</label> '
                 f'<input id="code" name="code" value="{html.escape(code)}" autofocus autocomplete="off"><button>Next</button></form>')


def notice(title: str, words: str, link: tuple[str, str] | None = None) -> str:
    """Return a page that only says something; ``link``: (address, text) of the way out."""
    way_out = f'<p><a href="{html.escape(link[0])}">{html.escape(link[1])}</a></p>' if link else ""
    return _page(title, f'<p role="alert">{html.escape(words)}</p>{way_out}')


def self_submitting(action: str, values: Mapping[str, str]) -> str:
    """Return the page of OAuth 2.0 Form Post Response Mode."""
    return _page("Working...", f'<form method="post" action="{html.escape(action)}">{_hidden(values)}<noscript><button>Continue</button>'
                 "</noscript></form><script>document.forms[0].submit()</script>")


def with_values(address: str, mark: str, values: Mapping[str, str]) -> str:
    """Return an address with more values after ``?`` or ``#``."""
    return f"{address}{'&' if mark in address else mark}{urllib.parse.urlencode(values)}"
