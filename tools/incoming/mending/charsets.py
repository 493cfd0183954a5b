"""Text of octets: by their label if that fits, by what the label usually means, else by detection."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

# What programs write as the name of a charset, and what they mean: names that Python lacks, and subsets of what is really used (as in
# the Encoding Standard of the WHATWG, section 4.2). Microsoft's numbers: learn.microsoft.com/windows/win32/intl/code-page-identifiers
_MEANT: Final = {name: codec for codec, names in {
    "gb18030": "gb2312 gbk xgbk cp936 gb231280 chinese xmacchinesesimp cp51936 cp54936",
    "cp950": "big5 xbig5 big5eten xmacchinesetrad",
    "cp949": "ksc56011987 ksc5601 ksc56011989 euckr xwindows949 xmackorean cp51949",
    "cp932": "shiftjis sjis xsjis windows31j mskanji xmacjapanese",
    "euc_jp": "xeucjp cp20932 cp51932",
    "iso2022_jp_ext": "iso2022jp cp50220 cp50221 cp50222 iso2022jpms",
    "utf-8": "utf8mb4 utf8mb3 unicode11utf8 unicode20utf8 xunicode20utf8 cp65001 utf",
    "utf-7": "unicode11utf7 unicode20utf7 xunicode20utf7 cp65000",
    "utf-16": "unicode ucs2 iso10646ucs2",
    "cp1252": "iso88591 latin1 ansi xansi iso88591i iso8859 xcp1252 cp28591",
    "iso8859-8": "iso88598i iso88598e logical visual cp28598 cp38598",
    "iso8859-6": "iso88596i iso88596e cp28596",
    "cp1254": "iso88599",
    "cp874": "iso885911 tis620 windows874 xcp874 dos874",
    "mac_roman": "xmac macintosh xmacroman cp10000",
    "mac_latin2": "xmacce xmaccentraleurroman cp10029",
    "mac_cyrillic": "xmaccyrillic xmacukrainian cp10007",
    "mac_greek": "xmacgreek cp10006",
    "mac_turkish": "xmacturkish cp10081",
    "mac_iceland": "xmacicelandic cp10079",
    "mac_croatian": "xmaccroatian",
    "mac_romanian": "xmacromanian",
    "mac_arabic": "xmacarabic",
    "mac_farsi": "xmacfarsi",
    "koi8-r": "xkoi8r koi8 koi cp20866",
    "koi8-u": "koi8ru cp21866",
    "ascii": "cp20127",
    "hz": "cp52936",
    "iso2022_kr": "cp50225",
    "utf-16-le": "cp1200",
    "utf-16-be": "cp1201",
    "iso8859-2": "cp28592",
    "iso8859-3": "cp28593",
    "iso8859-4": "cp28594",
    "iso8859-5": "cp28595",
    "iso8859-7": "cp28597",
    "iso8859-9": "cp28599",
    "iso8859-13": "cp28603",
    "iso8859-15": "cp28605",
}.items() for name in names.split()}
# Codecs that are none of text, or take more than linear time.
_UNWANTED: Final = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"})
# A charset in which octets below 128 may mean anything but ASCII.
_SHIFTING: Final = ("utf-7", "utf-16", "utf-32", "iso2022", "hz", "cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140")
_ASCII: Final = frozenset({"ascii", "utf-8", "iso8859-1", "iso8859-15", "cp1252"})
_MULTI_BYTE: Final = ("gb", "big5", "cp932", "cp936", "cp949", "cp950", "euc", "shift", "johab", "utf", "cp65001")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ESCAPE: Final = re.compile(rb"\x1b(?:\$[@B]|\(J)")  # RFC 1468: to Japanese, in what is ASCII else
_LETTER: Final = re.compile(rb"[A-Za-z]")
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: Octets that chardet looks at: it takes about a microsecond for each.
_SAMPLE: Final = 4096
# Fewer of them tell nothing about their charset: what is short is of western Europe.
_FEW: Final = 12


def decoded(payload: bytes, label: str | None) -> str:
    """Return the text of a part, a header or a name, without byte order mark and lone surrogates; never raises.

    :param label: the charset that it is said to be in
    """
    codec = codec_of(label)
    for candidate in _candidates(payload, codec):
        if (text := _strictly(payload, candidate)) is not None:
            return text
    for candidate in ("utf-8", codec):
        text = payload.decode(candidate or "ascii", "replace")
        damaged = text.count("\ufffd")
        if sum(char > "\x7f" for char in text) > 5 * damaged:
            return _SURROGATE.sub("\ufffd", text)
    found = _detected(payload) if codec in ("", "ascii", "utf-8") else ""
    text = _strictly(payload, found)
    return payload.decode("cp1252", "replace") if text is None else text


def fits(payload: bytes, label: str | None) -> bool:
    """Tell whether Python reads the octets rightly under this very label."""
    name = _python_name(label or "")
    if not name:
        return False
    if payload.isascii() and name in _ASCII:
        return not _ESCAPE.search(payload)
    if name == "utf-8":
        return not payload.startswith(codecs.BOM_UTF8) and _strictly(payload, name) is not None
    return _strictly(payload, name) == decoded(payload, label)


def survives(payload: bytes, label: str) -> bool:
    """Tell whether Python gives the same octets back when it decodes and encodes them under this label."""
    name = _python_name(label)
    try:
        return bool(name) and (payload.isascii() and name in _ASCII or payload.decode(name).encode(name) == payload)
    except (UnicodeError, ValueError):
        return False


def has_shifts(label: str | None) -> bool:
    """Tell whether control characters belong to the charset."""
    return codec_of(label).startswith(_SHIFTING)


@lru_cache(maxsize=256)
def codec_of(label: str | None) -> str:
    """Return Python's codec for a label as it is written, "" if none is known for it."""
    if not label or len(label) > 200:
        return ""
    clean = re.split(r"[;,\s]", label.strip("\"' \t\r\n;=,").lower())[0].strip("\"'")
    key = re.sub(r"[^a-z0-9]", "", clean)
    key = re.sub(r"^(?:x?windows|x?ms|x?cp|x?ibm|x?oem|codepage|ansi)(?=\d{3,5}$)", "cp", key) or key
    return _MEANT.get(key) or _python_name(clean) or _python_name(key)


def _candidates(payload: bytes, codec: str) -> Iterator[str]:
    """Yield what the octets may be in, the likeliest first."""
    yield from (marked for mark, marked in _BOMS if payload.startswith(mark))
    if codec.startswith(_SHIFTING):
        yield codec
    if _ESCAPE.search(payload):
        yield "iso2022_jp_ext"
    if codec.startswith(_MULTI_BYTE):
        yield codec
    # What is UTF-8 by its form is UTF-8: no text in a charset of single octets looks like it.
    yield "utf-8"
    if codec != "ascii":
        yield codec


def _detected(payload: bytes) -> str:
    """Ask chardet about what is not of western Europe: there, many octets are beyond ASCII."""
    first = _HIGH.search(payload)
    if not first:
        return ""
    start = max(payload.rfind(b"\n", 0, first.start()) + 1, first.start() - _SAMPLE // 4)
    lines = payload[start:start + 16 * _SAMPLE].splitlines()
    sample = b"\n".join(line for line in lines if not line.isascii())[:_SAMPLE]
    high = sum(octet > 127 for octet in sample)
    if high < _FEW or 2 * high < len(_LETTER.findall(sample)):
        return ""
    try:
        import chardet
    except ImportError:
        return ""
    found = chardet.detect(sample)
    codec = codec_of(found["encoding"])
    return codec if codec != "ascii" and (found["confidence"] or 0) >= 0.5 else ""


@lru_cache(maxsize=256)
def _python_name(label: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][\w.:+-]{0,60}", label, re.ASCII):
        return ""
    try:
        found = codecs.lookup(label)
        b"a".decode(label, "ignore")
    except (LookupError, ValueError, TypeError):
        return ""
    return "" if found.name in _UNWANTED else found.name


def _strictly(payload: bytes, codec: str) -> str | None:
    if not codec:
        return None
    try:
        text = payload.decode(codec)
    except (UnicodeError, ValueError):
        return None
    if codec == "utf-7" and _SURROGATE.search(text):  # Python lets them pass there
        return None
    return text.removeprefix("\ufeff")
