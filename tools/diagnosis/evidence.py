"""What of a text can be compared with the signs of a cause: codes where codes stand, words, the stage of the session."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .cause import Sign

# A reply line has 512 octets (RFC 5321 section 4.5.3.1.5). A traceback ends with the error, so the end is read as well.
_READ: Final = 16_384
_LONGEST_WAIT: Final = 24 * 3600

_STATUS = r"[45]\.\d{1,3}\.\d{1,3}(?![\w@/+-]|\.\w)"
_START = r"(?<![\w.@/+-])"
# "535 5.7.139", "535-5.7.139", "535, b'5.7.139", "554 (5.7.1)": RFC 5321 section 4.2.1 and RFC 2034 section 4, smtplib's tuples
_REPLY_AND_STATUS = re.compile(rf"{_START}([45][0-5]\d)(?:[\s-]{{1,3}}|, ?b?['\"]|\s?\()#?({_STATUS})")
_LONE_STATUS = re.compile(rf"{_START}{_STATUS}(?!['\"])")
# The classes x0z to x5z of RFC 5321 section 4.2.1; "503 Server Error" is HTTP, as the library requests words it.
_LONE_REPLY = re.compile(rf"{_START}[45][0-5]\d(?=[\s,:;)'\"-]|$)(?! (?:client|server) error)", re.IGNORECASE)
# Where a number is a code: at the start of a line, of a literal or of a clause, or after a word that announces it …
_ANNOUNCED = re.compile(
    r"(?:^|[\n\"';#|]|:\s|\b(?:error|err|erreur|errore|fehler|fout|code|código|codice|status|state|dsn|ndr|said|reply)[:=#]?)\s{0,2}$",
    re.IGNORECASE,
)
_TUPLE = re.compile(r"[(\[]$")
# … but not here.
_NO_CODE = re.compile(
    r"(?:\b(?:vers\w*|release|build|address|host\w*|ipv?[46]?|[\w-]*id|agent|mailer|port|http\w*(?:\s\w{1,10}){0,2}))\s{0,2}[:=]?\s{0,2}$",
    re.IGNORECASE,
)
_BEFORE: Final = 32  # characters looked at for the three above

# As words, as the list of the token endpoint's answer (whose words may be withheld), as the page that explains a number.
_AADSTS = re.compile(r"AADSTS(\d{4,9})(?!\d)|login\.microsoftonline\.\w{2,3}/error\?code=(\d{4,9})(?!\d)", re.IGNORECASE)
_ERROR_CODES = re.compile(r"error_codes\W{1,6}(\d{4,9}(?:\D{1,3}\d{4,9}){0,9})(?!\d)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+'-])[\w.+'-]{1,64}@[\w.-]{1,255}")
_CONTINUED = re.compile(r"[\r\n]+\s{0,8}(?:[45]\d\d[\s-]{1,3})?(?:[45]\.\d{1,3}\.\d{1,3}\s)?")
_BACKOFF = re.compile(r"back-?off time:?\s{0,3}(\d{1,12})\s{0,3}(milliseconds|ms|seconds|s)\b", re.IGNORECASE)  # Exchange, IMAP
_RETRY_AFTER = re.compile(r"retry[-_ ]after['\"]?\s{0,3}[:=]?\s{0,3}['\"]?(\d{1,9})(?!\d)", re.IGNORECASE)  # RFC 9110 section 10.2.3

# Who tells the stage: the names of smtplib's exceptions, and Postfix ("in reply to end of DATA command").
_STAGE_OF: Final[dict[str, str]] = {
    "smtpconnecterror": "banner", "smtpheloerror": "ehlo", "smtpauthenticationerror": "auth", "smtpsenderrefused": "mail",
    "smtprecipientsrefused": "rcpt", "smtpdataerror": "content",
    "ehlo": "ehlo", "helo": "ehlo", "starttls": "starttls", "auth": "auth", "mail": "mail", "rcpt": "rcpt", "data": "data",
    "end of data": "content", "bdat": "content",
}
_STAGE = re.compile(
    r"\b(SMTP(?:Connect|Helo|Authentication|Data)Error|SMTP(?:Sender|Recipients)Refused)\b"
    r"|\bin reply to (end of DATA|EHLO|HELO|STARTTLS|AUTH|MAIL|RCPT|DATA|BDAT)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Evidence:
    """What of a text can be compared with signs.

    :ivar replies: SMTP reply codes, in the text's order
    :ivar statuses: enhanced status codes, in the text's order
    :ivar numbers: ``AADSTS`` and the number
    :ivar words: the text in one line, folded, without addresses
    :ivar stage: one of :data:`.causes.STAGES` that the text names, "" if it names none
    """

    replies: tuple[str, ...]
    statuses: tuple[str, ...]
    numbers: tuple[str, ...]
    words: str
    stage: str

    @property
    def severity(self) -> str:
        """``4`` (temporary) or ``5`` (permanent), "" without a code.

        The reply code decides, whatever the class of the enhanced code and the words beside it (RFC 5321 section 4.2.1).
        """
        return next(iter((*self.replies, *self.statuses)), "")[:1]

    @property
    def code(self) -> str:
        """The code as people look it up: ``550 5.7.1``, ``AADSTS50196``; "" without one."""
        return next(iter(self.numbers), "") or " ".join((*self.replies[:1], *self.statuses[:1]))

    def shows(self, sign: Sign) -> bool:
        """Tell whether the text has this sign."""
        for word in sign.words:  # first, and one by one: of some hundred signs, this rules out nearly all
            if word not in self.words:
                return False
        return (
            (not sign.codes or not sign.codes.isdisjoint((*self.statuses, *self.numbers)))
            and (not sign.reply or sign.reply in self.replies)
            and (not sign.subject or (bool(self.statuses) and self.statuses[0].split(".")[1] == sign.subject))
        )


def evidence_of(text: str, *, smtp: bool = True) -> Evidence:
    """Return what of a text can be compared with signs.

    :param smtp: the text may hold SMTP codes
    """
    text = short(text).replace("\\r", "\r").replace("\\n", "\n")  # of a repr()
    replies, statuses = smtp_codes(text) if smtp else ([], [])
    numbers = [match[1] or match[2] for match in _AADSTS.finditer(text)]
    numbers += [number for match in _ERROR_CODES.finditer(text) for number in re.findall(r"\d+", match[1])]
    stage = _STAGE.search(text)
    return Evidence(
        replies=tuple(replies),
        statuses=tuple(statuses),
        numbers=tuple(dict.fromkeys(f"AADSTS{number}" for number in numbers)),
        words=" ".join(_CONTINUED.sub(" ", _ADDRESS.sub("@", text)).casefold().split()),
        stage=_STAGE_OF[(stage[1] or stage[2]).lower()] if stage else "",
    )


def smtp_codes(text: str) -> tuple[list[str], list[str]]:
    """Return the reply codes and the enhanced status codes (RFC 3463) of a text, in its order.

    Versions, addresses and parts of names are no codes: only what stands where codes stand.
    """
    pairs = {(match.start(1), match.start(2)): match for match in _REPLY_AND_STATUS.finditer(text)}
    replies = {start: match[1] for (start, _), match in pairs.items()}
    statuses = {start: match[2] for (_, start), match in pairs.items()}
    for match in _LONE_STATUS.finditer(text):
        if match.start() not in statuses and _is_code(text, match.start()):
            statuses[match.start()] = match[0]
    for match in _LONE_REPLY.finditer(text):
        if match.start() not in replies and _is_code(text, match.start(), in_tuple=True):
            replies[match.start()] = match[0]
    return [replies[start] for start in sorted(replies)], [statuses[start] for start in sorted(statuses)]


def _is_code(text: str, start: int, *, in_tuple: bool = False) -> bool:
    where = max(0, start - _BEFORE), start
    return bool(
        (_ANNOUNCED.search(text, *where) or (in_tuple and _TUPLE.search(text, *where))) and not _NO_CODE.search(text, *where)
    )


def retry_after(text: str) -> int | None:
    """Return the seconds that a text asks to wait, rounded up and at most a day; None if it names none."""
    text = short(text)
    if match := _BACKOFF.search(text):
        milliseconds = int(match[1]) * (1 if match[2].lower().startswith("m") else 1000)
    elif match := _RETRY_AFTER.search(text):
        milliseconds = int(match[1]) * 1000
    else:
        return None
    return min(max(-(-milliseconds // 1000), 1), _LONGEST_WAIT)


def short(text: str) -> str:
    """Return the beginning and the end of a text, all that is read of it."""
    return text if len(text) <= 2 * _READ else f"{text[:_READ]} … {text[-_READ:]}"
