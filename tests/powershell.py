"""Reads PowerShell: as its own tokenizer does, where that is about what a value can break out of, and by a grammar.

The tokenizer takes only what our scripts are written in. Everything in which PowerShell would expand, escape or comment out something
(double quotes, backticks, here-strings, block comments) is refused, as is any character beyond ASCII outside a literal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

# CharExtensions.IsSingleQuote of PowerShell: any of them ends a literal, any two are one character of it.
QUOTES = "'\u2018\u2019\u201a\u201b"
_TOKENS = re.compile(
    r"(?P<space>[ \n]+)|(?P<comment>#[^\n]*)|(?P<variable>[$@](?:global:)?\w+\b)|(?P<parameter>-[A-Za-z]\w*:?)"
    r"|(?P<word>[\w.]+(?:-\w+)*)|(?P<operator>\+=|[-+*/=,.&|(){};@])", re.ASCII)
_PARSER = Parser(Language(tree_sitter_powershell.language()))


@dataclass(frozen=True)
class Token:
    """A token: of a literal, the value that PowerShell gives it."""

    kind: str
    text: str


def tokens(script: str) -> list[Token]:
    """Return the tokens of a script but for white space.

    :raise ValueError: at something that our scripts have no use for
    """
    return [token for token in _tokens(script) if token.kind != "space"]


def _tokens(script: str) -> Iterator[Token]:
    at = 0
    while at < len(script):
        if script[at] in QUOTES:
            at, value = _literal(script, at + 1)
            yield Token("literal", value)
            continue
        match = _TOKENS.match(script, at)
        if not match:
            raise ValueError(f"{script[at:at + 40]!r}")
        yield Token(match.lastgroup, match[0])
        at = match.end()


def _literal(script: str, at: int) -> tuple[int, str]:
    value = ""
    while at < len(script):
        if script[at] in QUOTES:
            at += 1
            if at >= len(script) or script[at] not in QUOTES:
                return at, value
        value += script[at]
        at += 1
    raise ValueError("a literal does not end")


def parse(script: str) -> Node:
    """Return the tree of a script, as tree-sitter's grammar of PowerShell reads it.

    :raise ValueError: the grammar does not know it
    """
    root = _PARSER.parse(script.encode()).root_node
    if root.has_error:
        where = next(node for node in descendants(root) if node.type == "ERROR" or node.is_missing)
        raise ValueError(f"line {where.start_point.row + 1}: {where.text.decode()[:200]}")
    return root


def descendants(node: Node) -> Iterator[Node]:
    """Yield a node and all below it."""
    yield node
    for child in node.children:
        yield from descendants(child)


def commands(root: Node) -> list[tuple[str, str, Node]]:
    """Return verb and noun of each command, and where it is, in order."""
    found = []
    for node in descendants(root):
        if node.type == "command_name" and b"-" in node.text:
            verb, _, noun = node.text.decode().partition("-")
            found.append((verb, noun, node.parent))
    return found
