"""Automatic answers of a mailbox, such as an out-of-office, and what Exchange itself writes to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final, Literal

from ...addresses import canonical_address, decoded_words
from .. import signs
from ..author import from_address
from ..headers import header
from ..parts import content_type

# Local part of the address that Exchange writes from, the same in every tenant.
_SYSTEM_MAILBOX: Final = "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"
_SYSTEM_NAMES: Final = ("microsoft outlook", "microsoft exchange", "microsoft exchange server")

# How programs begin the subject of an out-of-office. A person may begin one so as well.
_PHRASES: Final = (
    "automatic reply", "automatic response", "auto[ -]?reply", "auto[ -]?response", "autoresponder", "ooo", "vacation", "away",
    "out of (?:the )?office(?: auto[ -]?reply)?", "automatische antwort", "abwesenheits?(?:notiz|nachricht|assistent|meldung)?", "abwesend",
    "réponse automatique", "absen(?:ce|te?) du bureau", "respuesta automática", "fuera de (?:la )?oficina", "resposta automàtica",
    "risposta automatica", "fuori (?:sede|ufficio)", "automatisch antwoord", "afwezig(?:heids?(?:bericht|assistent)?)?",
    "resposta automática", "ausência temporária", "automatiskt svar", "autosvar", "frånvarande", "frånvaro", "automatisk svar", "fravær",
    "automaattinen vastaus", "poissaoloviesti", "odpowiedź automatyczna", "automatyczna odpowiedź", "poza biurem",
    "automatická odpověď", "automatická odpoveď", "automatikus válasz", "răspuns automat", "automatski odgovor", "samodejni odgovor",
    "automatinis atsakymas", "automātisk[aā] atbilde", "automaatvastus", "otomatik yanıt", "автоматический ответ",
    "автоматична відповідь", "автоматичен отговор", "αυτόματη απάντηση", "自動応答", "自動返信", "自动答复", "自动回复", "自動回覆",
    "자동 회신", "자동 응답", "رد تلقائي", "תשובה אוטומטית", "מענה אוטומטי", "ตอบกลับอัตโนมัติ", "trả lời tự động", "balasan otomatis",
)
_ABSENCE: Final = re.compile(rf"(?:{'|'.join(_PHRASES)})(?:\s*[:：]|\s*$|\s+(?:re|aw|from|to)\b)", re.IGNORECASE)
_FORWARD: Final = re.compile(
    r"(?:fwd?|wg|tr|rv|i|enc|doorst|vs|vb|vl|pd|ilt|továbbítás|переслано|转发|轉寄|転送|전달)\s*[:：]", re.IGNORECASE)
_QUOTA: Final = re.compile(
    r"\b(?:quota|full|voll|überschritten|pleine?|satur|llen[oa]|pien[ao]|vol|chei[ao]|excedid|pełn|fuld|fullt?|täynnä|pln[áý]|limit|límite|kvot)"
    r"|переполн|заполн|容量|已满|満|가득",
    re.IGNORECASE)


@dataclass(frozen=True)
class Automatic:
    """What a program wrote.

    :ivar kind: ``absence``: an out-of-office that says so; ``quota``: Exchange about how full the mailbox is; ``other``
    """

    kind: Literal["absence", "quota", "other"]


def read(message: Message) -> Automatic | None:
    """Return what kind of automatic answer a message is, None if it is a person's or a program's own news, such as a contact form's.

    Reports have filters of their own. Exchange marks as ``auto-generated`` what a rule answered, and just so what it forwarded or
    redirected, whoever wrote that: it counts in a reply that nobody handed on. X-Auto-Response-Suppress says how a message may be
    answered, not what it is: some organisations put it on whatever their people write. A subject proves nothing by itself.
    """
    if content_type(message) == "multipart/report":
        return None
    subject = decoded_words(header(message, "Subject")).strip()
    has_subject = bool(_ABSENCE.match(subject))
    author = from_address(message)
    if _is_system(message, author):
        return Automatic("quota" if _QUOTA.search(subject) else "other")
    keywords = signs.auto_submitted(message)
    is_vacation = "vacation" in keywords
    if (signs.is_autoresponder(message) or is_vacation or any("repl" in word for word in keywords)
            or _is_answer_of_a_rule(message, author, subject, has_subject=has_subject)):
        return Automatic("absence" if has_subject or is_vacation else "other")
    return None


def _is_system(message: Message, author: tuple[str, str] | None) -> bool:
    """Tell whether Exchange itself wrote a message; whose name anybody can bear."""
    name, address = author or ("", "")
    if address.lower().startswith(f"{_SYSTEM_MAILBOX}@"):
        return True
    return name.lower() in _SYSTEM_NAMES and bool(signs.has_null_return_path(message) or signs.auto_submitted(message))


def _is_answer_of_a_rule(message: Message, author: tuple[str, str] | None, subject: str, *, has_subject: bool) -> bool:
    rules = signs.rule_mailboxes(message)
    is_own_rule = author is not None and canonical_address(author[1]) in rules
    is_suppressed = bool(signs.auto_response_suppress(message) & {"all", "oof", "autoreply"})
    source = header(message, "X-MS-Exchange-Generated-Message-Source").lower()
    is_marked = bool(signs.auto_submitted(message)) or source.startswith("mailbox rules agent")
    is_reply = signs.is_reply(message)
    if _FORWARD.match(subject):
        return False
    if is_own_rule and is_suppressed:  # Exchange's rules forward without it
        return True
    if is_marked and not signs.is_forwarded(message) and (not rules or is_own_rule):
        return is_reply or has_subject
    if has_subject and (is_suppressed or is_reply):
        return bool(is_marked or is_own_rule or is_suppressed or signs.precedence(message) & {"bulk", "junk"}
                    or signs.has_null_return_path(message))
    return is_suppressed and is_reply and signs.has_null_return_path(message)
