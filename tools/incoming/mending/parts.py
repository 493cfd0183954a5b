"""Parts of a message, put so that core finds their text and their files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Final, cast

from . import markup, tnef
from .charsets import decoded, fits, has_shifts, survives
from .encoded_words import is_clean, unfolded, without_controls
from .headers import can_core_read, mend_head, one_line, replace
from .parameters import safe_name
from .parsing import LENIENT, STATUS, has_many_blocks, parsed
from .part import OCTETS, Part, new_part
from .written import Written

_MAIN_TYPES: Final = frozenset({"text", "application", "image", "audio", "video", "multipart", "message"})
_BODIES: Final = frozenset({"text/plain", "text/html"})
# Text that is a file, though nobody gave it a name.
_FILES: Final = frozenset({"text/calendar", "text/csv", "text/vcard", "text/x-vcard", "text/directory", "text/rtf"})
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_KIND: Final = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CONTROLS: Final = bytes(sorted({*range(32)} - {9, 10, 13}))
# Control characters in a text; with more of them it is none.
_FEW_CONTROLS: Final = 20
_MOST_CONTROLS: Final = 0.05
_BOUNDARY: Final = re.compile(
    rb"^--([^\s\"\\][^\r\n\"\\]{0,99}?)[ \t]{0,9}\r?\n(?:content-[a-z-]{1,40}:|\r?\n)", re.IGNORECASE | re.MULTILINE)
# Core keeps a message in a message as a file for every level: the same octets as often.
_MAX_DEPTH: Final = 3
# Each time it may be most of the message.
_MAX_REPARSED: Final = 8


@dataclass
class PartMender:
    """Goes through the parts of one message.

    :ivar slugs: what was repaired
    """

    slugs: set[str] = field(default_factory=set)
    _label: str | None = None
    _has_text: bool = False
    _leaves: int = 0
    _reparsed: int = 0
    _boundaries: int = 0
    _text_of_tnef: str = ""

    def mend(self, message: EmailMessage) -> None:
        """Repair all parts, without recursion: there may be some hundred levels."""
        self._label = charset_of(message)
        stack: list[tuple[EmailMessage, EmailMessage | None, int]] = [(message, None, 0)]
        while stack:
            each, parent, depth = stack.pop()
            if each.policy is SMTP:
                each.policy = LENIENT
            part = Part(each, parent, depth, self._label)
            if depth:
                _keep_writable(each)
            children = self._mend(part)
            is_message = part.main == "message" and bool(children)
            if parent is None or is_message:
                for head in children if is_message else [each]:
                    self.slugs |= mend_head(head, self._label)
            stack.extend((child, each, depth + is_message) for child in reversed(children))
        if self._text_of_tnef and not self._has_text:
            parts = message.get_payload()
            if isinstance(parts, list):
                parts.insert(0, new_part("text/plain", without_controls(self._text_of_tnef).encode()))

    def _mend(self, part: Part) -> list[EmailMessage]:
        """Repair a part; return those in it."""
        name = safe_name(part.name)
        if name != part.name:
            self.slugs.add("name")
        if not (part.type.is_right and part.disposition.is_right):
            self.slugs.add("parameters")
        if name != part.name or not (part.type.is_plain and part.disposition.is_plain):
            part.declare(part.kind)
        is_kind = _KIND.fullmatch(part.kind) is not None
        if part.main == "message" and is_kind:
            return self._message(part)
        if part.main == "multipart" and is_kind or isinstance(part.payload, list):
            return self._multipart(part)
        if part.parent is None and (part.kind in _TNEF or part.main == "text" and _is_top_file(part)):
            self.slugs.add("attachment")
            return [part.moved()]
        self._leaf(part)
        return []

    def _multipart(self, part: Part) -> list[EmailMessage]:
        """Give a multipart without parts those that stand in its text, or its text as one."""
        if part.main != "multipart" or not _KIND.fullmatch(part.kind):
            self.slugs.add("type")
            part.declare("multipart/mixed")
        if not (boundary := part.type.items.get("boundary")) or not boundary.isascii():
            self._boundaries += 1
            part.type.items["boundary"] = f"=_mended_{self._boundaries}"  # Python would make one, and fail at the other parameters
            part.declare(part.kind)
        if not isinstance(part.payload, list) or not part.payload:
            self.slugs.add("boundary")
            raw, _is_right = part.decode()
            part.set_parts(self._found_parts(raw) or [new_part("text/plain", raw)])
        return _messages(part.payload)

    def _found_parts(self, raw: bytes) -> list[EmailMessage]:
        found = _BOUNDARY.search(raw)
        self._reparsed += 1
        if not found or self._reparsed > _MAX_REPARSED:
            return []
        return _messages(_parse(b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n' % found[1], raw))

    def _message(self, part: Part) -> list[EmailMessage]:
        """See that a message part has a message in it, encoded or not, and not too many within each other."""
        inner = _messages(part.payload)
        if part.depth >= _MAX_DEPTH and inner:
            self.slugs.add("nesting")
            self._as_file(part, _written(inner))
            return []
        if not inner or part.is_encoded and not inner[0].keys():
            self.slugs.add("message")
            if inner:
                part.payload = Part(inner[0], None, 1, None).payload
            raw, _is_right = part.decode()
            inner = self._inner(part.kind, raw)
            if not inner:
                self._as_file(part, raw)
                return []
            part.set_parts(inner)
        for message in inner:
            message.policy = _as_written(message)
        return inner

    def _inner(self, kind: str, raw: bytes) -> list[EmailMessage]:
        self._reparsed += 1
        if self._reparsed > _MAX_REPARSED or not raw.strip() or kind == STATUS and has_many_blocks(raw):
            return []
        return _messages(_parse(b"Content-Type: %s\r\n\r\n" % kind.encode(), raw))

    def _as_file(self, part: Part, raw: bytes) -> None:
        self._leaves += 1
        part.declare(OCTETS)
        part.set_octets(raw)

    def _leaf(self, part: Part) -> None:
        is_first = not self._leaves
        self._leaves += 1
        raw, is_right = part.decode()
        if not is_right:
            self.slugs.add("encoding")
        if not _KIND.fullmatch(part.kind) or part.main not in _MAIN_TYPES:
            self.slugs.add("type")
            # What comes first is what the person wrote, unless it says that it is something else.
            is_text = is_first and "/" not in part.kind and not part.is_file and not _controls_in(raw)
            part.declare("text/plain" if is_text else OCTETS)
        if not (content_id := part.content_id()).isascii() or not content_id.isprintable():
            part.set_content_id(unfolded(content_id))
        if part.main == "text":
            self._text(part, raw)
        elif part.kind == "application/x-microsoft-rpmsg-message":
            self.slugs.add("encrypted")
        elif (part.kind in _TNEF or part.name.lower() == "winmail.dat") and part.parent is not None and not part.depth:
            self._tnef(part, part.parent, raw)

    def _text(self, part: Part, raw: bytes) -> None:
        if part.parent is None and part.kind not in _BODIES:
            part.declare("text/plain")  # core takes it for HTML
        if part.kind == "text/rfc822-headers" and not can_core_read(without_controls(decoded(raw, part.charset))):
            self.slugs.add("type")
            part.declare("text/plain")
        label = part.type.items.get("charset", "utf-8" if part.parent else "ascii")  # as core does
        controls = 0 if has_shifts(label) else _controls_in(raw)
        is_body = part.kind in _BODIES and not part.is_file or part.kind == "text/rfc822-headers"
        if not is_body or controls > max(_FEW_CONTROLS, _MOST_CONTROLS * len(raw)):
            if controls or not survives(raw, label):
                self.slugs.add("charset")
                part.declare(OCTETS)  # core would write what it has read, with question marks
            return
        self._has_text = self._has_text or bool(raw.strip())
        is_costly = part.kind == "text/html" and markup.is_costly(raw)
        has_many_quotes = markup.has_many_quotes(raw)
        is_odd = controls or not fits(raw, label) or has_shifts(label) and _controls_in(decoded(raw, label).encode())
        if not is_odd and not is_costly and not has_many_quotes:
            return
        text = decoded(raw, part.charset or (markup.charset_in(raw) if part.kind == "text/html" else None))
        clean = without_controls(text)
        self.slugs.add("markup" if is_costly or has_many_quotes else "control" if clean != text else "charset")
        clean = markup.with_fewer_quotes(clean, is_page=part.kind == "text/html") if has_many_quotes else clean
        part.set_text(markup.closed(clean) if is_costly else clean)

    def _tnef(self, part: Part, parent: EmailMessage, raw: bytes) -> None:
        self._text_of_tnef = self._text_of_tnef or tnef.text(raw)
        siblings = parent.get_payload()
        files = [new_part(OCTETS, content, name) for name, content in tnef.attachments(raw)]
        if files and isinstance(siblings, list):
            self.slugs.add("tnef")
            place = next(index for index, each in enumerate(siblings) if each is part.message) + 1
            siblings[place:place] = files


def charset_of(message: EmailMessage) -> str | None:
    """Return the charset of the first text if there is something in the header that may be written in it."""
    if all(str(value).isascii() for _name, value in message.raw_items()):
        return None
    stack = [message]
    while stack:
        part = Part(stack.pop(), None, 0, None)
        if part.charset:
            return part.charset
        stack.extend(reversed(_messages(part.payload)))
    return None


def _messages(payload: object) -> list[EmailMessage]:
    return [each for each in payload if isinstance(each, EmailMessage)] if isinstance(payload, list) else []


def _parse(head: bytes, raw: bytes) -> object:
    return parsed(head + raw).get_payload()


def _keep_writable(message: EmailMessage) -> None:
    """Core writes a message in a message into a file: odd octets in a header would keep Python from it."""
    for name in {name for name, value in message.raw_items() if not isinstance(value, Written) and not is_clean(value)}:
        replace(message, name, [
            (key, value if isinstance(value, Written) else Written(key, unfolded(value), one_line(value)))
            for key, value in message.raw_items() if key.lower() == name.lower()])


def _as_written(message: EmailMessage) -> EmailPolicy:
    """Return the policy of a message that does not fold its headers anew: Python fails at that over some."""
    return cast("EmailPolicy", message.policy).clone(refold_source="none")


def _written(messages: list[EmailMessage]) -> bytes:
    try:
        return b"\r\n".join(message.as_bytes(policy=_as_written(message)) for message in messages)
    except RecursionError:
        return b""


def _is_top_file(part: Part) -> bool:
    """Tell whether a message is one text that core would take for what a person wrote."""
    return part.disposition.value == "attachment" or part.kind in _FILES or bool(part.name) and part.kind not in _BODIES


def _controls_in(raw: bytes) -> int:
    return len(raw) - len(raw.translate(None, _CONTROLS))
