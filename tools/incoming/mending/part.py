"""A part of a message: what its headers say, and how to say something else."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage, Message
from typing import Final

from .headers import replace
from .parameters import Parameters, parameters, safe_name
from .transfer_encodings import encoding_of, is_base64, is_known, octets_of
from .written import Written

_TYPE: Final = "Content-Type"
_DISPOSITION: Final = "Content-Disposition"
_ENCODING: Final = "Content-Transfer-Encoding"
_HEADERS: Final = {name.lower(): name for name in (_TYPE, _DISPOSITION, _ENCODING, "Content-ID")}
#: Octets; what is larger is kept as it is decoded, since Python takes four times as much memory to decode it.
_LARGE: Final = 256 * 1024
OCTETS: Final = "application/octet-stream"


class Part:
    """A part, and where it stands.

    :ivar parent: None for the message itself
    :ivar depth: number of messages around it, beside the one that was received
    :ivar kind: type and subtype in lower case, maybe nonsense
    :ivar name: of its file, as it is written; "" for none
    """

    def __init__(self, message: Message, parent: EmailMessage | None, depth: int, label: str | None) -> None:
        self.message = message
        self.parent = parent
        self.depth = depth
        self._headers: dict[str, list[str]] = {}
        for key, value in message.raw_items():
            if (name := key.lower()) in _HEADERS:
                self._headers.setdefault(name, []).append(value)
        self.type = self._parameters(_TYPE, label)
        self.disposition = self._parameters(_DISPOSITION, label)
        self.kind = self.type.value if _TYPE.lower() in self._headers else message.get_default_type()
        self.name = self.disposition.items.get("filename") or self.type.items.get("name") or ""

    def _parameters(self, name: str, label: str | None) -> Parameters:
        values = self._headers.get(name.lower(), [])
        found = parameters(values[0], label) if values else Parameters()
        if values and isinstance(values[0], Written):
            found.is_plain = found.is_right = True
        found.is_right = found.is_right and len(values) < 2
        return found

    @property
    def main(self) -> str:
        return self.kind.partition("/")[0]

    @property
    def charset(self) -> str:
        return self.type.items.get("charset", "")

    @property
    def is_file(self) -> bool:
        return bool(self.name) or self.disposition.value == "attachment"

    @property
    def payload(self) -> object:
        """As Python's parser keeps it: a list of messages, or a text with octets beyond ASCII as lone surrogates."""
        return vars(self.message)["_payload"]

    @payload.setter
    def payload(self, payload: object) -> None:
        vars(self.message)["_payload"] = payload  # set_payload would make text of octets

    @property
    def is_encoded(self) -> bool:
        return encoding_of(self._headers.get(_ENCODING.lower(), [])) != "8bit"

    def content_id(self) -> str:
        return next(iter(self._headers.get("content-id", [])), "")

    def decode(self) -> tuple[bytes, bool]:
        """Return what the payload encodes, and whether core sees the same; else it is repaired."""
        payload = self.payload
        if not isinstance(payload, str):
            return payload if isinstance(payload, bytes) else b"", payload is not None
        values = self._headers.get(_ENCODING.lower(), [])
        encoding = encoding_of(values)
        if encoding == "base64" and not is_base64(payload):
            encoding = "8bit"
        raw, is_right = octets_of(payload, encoding)
        if is_right and is_known(values) and (encoding != "8bit" or not values or encoding_of(values) == "8bit"):
            if encoding == "base64" and len(payload) > _LARGE and not self.depth:
                self.set_octets(raw)
            return raw, True
        self.set_octets(raw)
        return raw, False

    def set_octets(self, raw: bytes) -> None:
        """Make these the content. A large file is kept in octets, which core reads as they are but Python cannot write."""
        is_large = len(raw) > _LARGE and not self.depth
        self.payload = raw if is_large else raw.decode("ascii", "surrogateescape")
        self._set(_ENCODING, "binary" if is_large else "8bit")

    def set_text(self, text: str) -> None:
        """Make this the text, in UTF-8."""
        self.payload = text.encode().decode("ascii", "surrogateescape")
        self._set(_ENCODING, "8bit")
        self.type.items["charset"] = "utf-8"
        self.declare(self.kind)

    def set_parts(self, parts: list[EmailMessage]) -> None:
        """Make these the parts in it."""
        self.payload = parts
        if _ENCODING.lower() in self._headers:
            self._set(_ENCODING, "8bit")

    def declare(self, kind: str) -> None:
        """Write Content-Type, and the name into Content-Disposition."""
        self.kind = self.type.value = kind
        name = safe_name(self.name)
        items = {key: value for key, value in self.type.items.items() if key not in ("name", "charset")}
        if self.charset and kind.startswith("text/"):
            items = {"charset": self.charset, **items}
        self._set(_TYPE, Parameters(kind, items).header())
        if name or _DISPOSITION.lower() in self._headers:
            value = "inline" if self.disposition.value == "inline" else "attachment"
            self._set(_DISPOSITION, Parameters(value, {"filename": name} if name else {}).header())

    def set_content_id(self, text: str) -> None:
        self._set("Content-ID", text)

    def _set(self, name: str, text: str) -> None:
        replace(self.message, name, [(name, Written(name, text))])
        self._headers[name.lower()] = [text]

    def moved(self) -> EmailMessage:
        """Make the message a multipart of one part, which this one becomes; return that part."""
        child = EmailMessage(policy=self.message.policy)
        for key, value in self.message.raw_items():
            if key.lower() in _HEADERS:
                child.set_raw(key, value)
        for name in _HEADERS.values():
            del self.message[name]
        vars(child)["_payload"] = self.payload
        self.message.set_raw(_TYPE, Written(_TYPE, 'multipart/mixed; boundary="=_mended"'))
        self.payload = [child]
        return child


def new_part(kind: str, raw: bytes, name: str = "") -> EmailMessage:
    """Return a part with this content."""
    message = EmailMessage(policy=email.policy.SMTP)
    part = Part(message, None, 0, None)
    part.name = name
    if kind.startswith("text/"):
        part.type.items["charset"] = "utf-8"
    part.declare(kind)
    part.set_octets(raw)
    return message
