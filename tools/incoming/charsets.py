"""Text of octets: by their label if that fits, by what the label usually means, else by detection."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

# What programs write as the name of a charset, and what they mean: names that Python lacks, and subsets of what is really used (as in
# the Encoding Standard of the WHATWG, section 4.2). Microsoft's numbers of code pages: learn.microsoft.com/windows/win32/intl/code-page-identifiers
_MEANT: Final = {
    "gb2312": "gb18030", "gbk": "gb18030", "xgbk": "gb18030", "cp936": "gb18030", "gb231280": "gb18030", "chinese": "gb18030",
    "big5": "cp950", "xbig5": "cp950", "big5eten": "cp950", "ksc56011987": "cp949", "ksc5601": "cp949", "ksc56011989": "cp949", "euckr": "cp949",
    "xwindows949": "cp949", "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "windows31j": "cp932", "mskanji": "cp932", "xeucjp": "euc_jp",
    "iso2022jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext", "cp50222": "iso2022_jp_ext", "iso2022jpms": "iso2022_jp_ext",
    "utf8mb4": "utf-8", "utf8mb3": "utf-8", "unicode11utf8": "utf-8", "unicode20utf8": "utf-8", "xunicode20utf8": "utf-8", "cp65001": "utf-8", "utf": "utf-8",
    "unicode11utf7": "utf-7", "unicode20utf7": "utf-7", "xunicode20utf7": "utf-7", "cp65000": "utf-7", "unicode": "utf-16", "ucs2": "utf-16", "iso10646ucs2": "utf-16",
    "iso88591": "cp1252", "latin1": "cp1252", "ansi": "cp1252", "xansi": "cp1252", "iso88591i": "cp1252", "iso8859": "cp1252", "xcp1252": "cp1252",
    "iso88598i": "iso8859-8", "iso88598e": "iso8859-8", "logical": "iso8859-8", "visual": "iso8859-8", "iso88596i": "iso8859-6", "iso88596e": "iso8859-6",
    "iso88599": "cp1254", "iso885911": "cp874", "tis620": "cp874", "windows874": "cp874", "xcp874": "cp874", "dos874": "cp874",
    "xmac": "mac_roman", "macintosh": "mac_roman", "xmacroman": "mac_roman", "xmacce": "mac_latin2", "xmaccentraleurroman": "mac_latin2",
    "xmaccyrillic": "mac_cyrillic", "xmacukrainian": "mac_cyrillic", "xmacgreek": "mac_greek", "xmacturkish": "mac_turkish", "xmacicelandic": "mac_iceland",
    "xmaccroatian": "mac_croatian", "xmacromanian": "mac_romanian", "xmacarabic": "mac_arabic", "xmacfarsi": "mac_farsi", "xmacjapanese": "cp932",
    "xmackorean": "cp949", "xmacchinesesimp": "gb18030", "xmacchinesetrad": "cp950", "cp10000": "mac_roman", "cp10006": "mac_greek", "cp10007": "mac_cyrillic",
    "cp10029": "mac_latin2", "cp10079": "mac_iceland", "cp10081": "mac_turkish", "xkoi8r": "koi8-r", "koi8": "koi8-r", "koi": "koi8-r", "koi8ru": "koi8-u",
    "cp20866": "koi8-r", "cp21866": "koi8-u", "cp20127": "ascii", "cp20932": "euc_jp", "cp51932": "euc_jp", "cp51936": "gb18030", "cp51949": "cp949",
    "cp52936": "hz", "cp54936": "gb18030", "cp50225": "iso2022_kr", "cp1200": "utf-16-le", "cp1201": "utf-16-be",
    **{f"cp{28590 + number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 9, 13, 15)}, "cp28591": "cp1252", "cp38598": "iso8859-8",
}
# Codecs that are none of text, or take more than linear time.
_UNWANTED: Final = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"})
# A charset in which octets below 128 may mean anything but ASCII.
_SHIFTING: Final = ("utf-7", "utf-16", "utf-32", "iso2022", "hz", "cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140")
_ASCII: Final = frozenset({"ascii", "utf-8", "iso8859-1", "iso8859-15", "cp1252"})
_MULTI_BYTE: Final = ("gb", "big5", "cp932", "cp936", "cp949", "cp950", "euc", "shift", "johab", "utf", "cp65001")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ESCAPE: Final = re.compile(rb"\x1b(?:\$[@B]|\(J)")  # RFC 1468: to Japanese, in what is ASCII else
_LETTER: Final = re.compile(rb"[A-Za-z]")
_HIGH_LINE: Final = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
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
    lines = (found[0] for found, _n in zip(_HIGH_LINE.finditer(payload[:16 * _SAMPLE]), range(100), strict=False))
    sample = b"\n".join(lines)[:_SAMPLE]
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
