"""The words of delivery reports, as their writers put them: what failed, what is only late, what arrived.

Exchange writes in the language of the sender, others nearly always in English. Fragments are matched in lower case, without regard to
what stands between: the rest of the sentence names people, hosts and times.
"""

from __future__ import annotations

import re
from typing import Final

FAILED: Final = "failed"
DELAYED: Final = "delayed"
DELIVERED: Final = "delivered"
RELAYED: Final = "relayed"


def _any(*fragments: str) -> re.Pattern[str]:
    return re.compile("|".join(fragments))


# Said of nothing that has failed for good, whatever else is said beside it.
_CERTAINLY_DELAYED: Final = _any(
    r"warning message only", r"this is (?:only )?a warning", r"just a warning", r"warning: could not send",
    r"warning: message \S{1,40} delayed", r"(?:not|n't) need to re-?send", r"no action is required", r"not need to take any action",
    r"advisory-only", r"(?:will|shall) (?:keep|continue|still) (?:on )?try", r"will continue (?:to|for)",
    r"attempts? (?:to deliver[^.]{0,60} )?will (?:continue|be made)", r"will (?:be retried|be re-?tried|retry|try again|keep)",
    r"still being retried", r"(?:not|n't) (?:yet )?been delivered yet", r"not yet been delivered", r"transient non-?fatal",
    r"delivery has been delayed", r"recipients? has been delayed", r"is delayed", r"weiterhin versuch", r"noch nicht zugestellt",
    r"continuera (?:à|d)", r"pas encore été (?:remis|livré)", r"seguir[áa] intentando", r"no se ha entregado (?:todavía|aún)",
    r"blijven proberen", r"nog niet (?:bezorgd|afgeleverd)", r"continuer[àa] a tentare", r"non è (?:stato )?ancora",
    r"continuar[áa] (?:a )?tenta", r"ainda não foi", r"nadal b[ęe]d", r"jeszcze nie zosta", r"まだ配信", r"引き続き",
)
# Also part of other sentences.
_DELAYED: Final = _any(
    r"\bdelay", r"\(delay\)", r"\bdeferred", r"postponed", r"temporar(?:y|ily)", r"verzöger", r"retard", r"différé", r"retras", r"demora",
    r"aplaza", r"vertraag", r"vertraging", r"ritard", r"differit", r"\batras", r"\badiad", r"opóźni", r"遅延", r"遅れ", r"延迟", r"延遲",
    r"задерж", r"отложен", r"försena", r"fördröj", r"forsinke", r"viivästy", r"zpožd", r"késik", r"késlelt", r"gecik", r"지연",
)
_FAILED: Final = _any(
    r"undeliver", r"unsuccessful", r"\(failure\)",
    r"(?:can|could|did|was|were|has|have)(?:not| not|n't) (?:been |be )?(?:successfully )?(?:deliver|sent|accept|reach)",
    r"unable to (?:\w{1,12} )?deliver", r"not able to deliver", r"wasn't able to deliver", r"did not reach",
    r"delivery (?:has |to [^:]{0,80} )?fail", r"delivery failure", r"failed permanently", r"permanent(?:ly)? (?:fatal )?(?:error|fail)",
    r"fail(?:ed|ure)? to deliver", r"failure (?:notice|reasons)", r"failed (?:recipients|addresses)", r"returned to sender",
    r"(?:has been|was|being) returned", r"was aborted", r"returning (?:message|mail)", r"returned mail", r"rejected", r"giv(?:en|ing) up",
    r"stopped trying", r"non-?delivery", r"not receive a copy", r"unknown (?:user|address|recipient|local)",
    r"user (?:\S{1,80} )?(?:is )?unknown", r"no such (?:user|recipient|address)", r"does(?: not|n't) exist", r"wasn't found",
    r"not listed in", r"mail system error", r"delivery error", r"unzustellbar",
    r"nicht (?:zugestellt|zustellbar|übermittelt|erreicht|ausgeliefert)", r"fehler bei der nachrichtenzustellung",
    r"zustellung[^.:]{0,60} fehlgeschlagen", r"abgelehnt", r"non remis", r"pas (?:pu être|été) (?:remis|distribué|livré|envoyé)",
    r"échec de (?:la )?(?:remise|distribution|livraison)", r"impossible de (?:remettre|distribuer|livrer)", r"pas parvenu", r"rejeté",
    r"non distribu", r"no se (?:puede|pudo|ha podido|han podido) (?:entregar|enviar)", r"no (?:ha sido |fue |se ha )?entregad",
    r"error (?:en|de) (?:la )?entrega", r"no (?:pudo|puede) ser entregad", r"no se entreg", r"rechaz", r"onbestelbaar",
    r"niet (?:worden |kunnen worden )?(?:bezorgd|afgeleverd|besteld|bereikt)", r"bezorg[^.:]{0,60} mislukt", r"geweigerd",
    r"non recapitabil", r"impossibile (?:recapitare|consegnare|recapito)", r"mancat[ao] (?:recapito|consegna)",
    r"recapito[^.:]{0,60} (?:non riuscito|fallito)", r"non (?:è stato )?(?:possibile )?(?:recapita|consegna)", r"rifiutat",
    r"não (?:é|foi) possível (?:entregar|enviar)", r"não (?:pôde|pode|foi) (?:ser )?entreg", r"não entregue",
    r"falha (?:na|ao|de) entreg", r"rejeitad", r"niedostarcz", r"nie (?:można|udało się|można było) dostarczy",
    r"nie zosta\w{1,3} dostarcz", r"dostarczenie[^.:]{0,60} nie powiodło", r"odrzuc", r"配信不能", r"配信できませ", r"配信できなかった",
    r"配信に失敗", r"配信されませ", r"配達できませ", r"送信できませ", r"届きませ", r"无法(?:传递|送达|投递|发送)",
    r"無法(?:傳遞|送達|傳送)", r"未(?:能)?送达", r"传递失败", r"傳遞失敗", r"退信", r"배달되지", r"배달할 수 없",
    r"전달(?:되지|할 수 없)", r"не (?:удается|удалось|может быть|было) достав", r"недоставлен", r"не доставлен", r"невозможно доставить",
    r"kunde inte levereras", r"går inte att leverera", r"olevererbar", r"kunne ikke leveres", r"kan ikke leveres", r"ei voi(?:tu|da)",
    r"toimit[^.:]{0,60} epäonnistui", r"nelze doručit", r"nedoručiteln", r"nebylo možné doručit", r"nem (?:sikerült|lehet) kézbesíte",
    r"kézbesíthetetlen", r"nem kézbesíthető", r"teslim edilem",
)
_RELAYED: Final = _any(r"^relayed", r"been relayed", r"no delivery notification", r"^weitergeleitet", r"^relayé", r"^retransmitid")
_DELIVERED: Final = _any(
    r"(?<!un)success", r"(?:has|have|was|were) (?:been )?delivered", r"delivery (?:is |was )?complete", r"^delivered",
    r"wurde(?:n)? (?:erfolgreich )?(?:an [^.]{0,80} )?(?:zugestellt|übermittelt)", r"^zugestellt", r"^übermittelt", r"^remis ?:",
    r"^entregado", r"^bezorgd", r"a été remis", r"se ha entregado", r"è stato recapitato", r"foi entregue", r"został\w? dostarczon",
)
# Sent by what asks the sender to prove that he is a person (challenge/response), or keeps a message until somebody lets it through.
_CHALLENGE: Final = _any(
    r"prove (?:that )?you", r"confirm (?:that )?(?:you|this)",
    r"verify (?:that )?you(?:rself| are|r (?:identity|message|e-?mail|address))",
    r"(?:awaiting|pending|held for|requires?|until) (?:\w{1,12} )?(?:confirm|verif|approv|moderat|review)", r"challenge", r"quarantin",
    r"whitelist", r"(?:release|deliver) (?:it|the message|your message|this message)[^.]{0,40} (?:click|reply)", r"bestätigen sie",
    r"confirmez", r"confirme que",
)
# Subjects that say after the colon what happened.
_GENERAL: Final = ("warning", "returned mail", "delivery notification", "mail delivery", "message status", "delivery status notification")
_PREFIX: Final = re.compile(
    r"\W{0,9}(?:re|aw|fw|fwd|wg|tr|rv|sv|vs|vl|antw|doorst|odp|pd|i|enc|ynt|回复|转发|答复)\s{0,3}(?:\[\d{1,3}\])?\s?[:：]", re.IGNORECASE)
# A reply code at a place where servers' words begin (RFC 5321 section 4.2), an enhanced status code (RFC 3463) anywhere.
_REPLY: Final = re.compile(r"(?:^|[\s:;'\"#(<\[,])([45][0-5]\d)(?=[\s-](?:[#(\s]|[45]\.\d|[A-Za-z<\"'\[]))")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)")


def plain(text: str) -> str:
    """Return a text as it is compared."""
    return text.lower().replace("’", "'").replace("`", "'").replace("´", "'")


def status_of(text: str) -> str:
    """Return the first enhanced status code (RFC 3463) of a failure in a text, "" if there is none."""
    found = _STATUS.findall(text)
    return next((code for code in found if code[0] in "45"), found[0] if found else "")


def is_permanent(text: str) -> bool | None:
    """Return whether a server refused for good, by the class of its first code (RFC 5321 section 4.2.1); None if there is no code.

    ``550 4.4.7`` is Exchange's for what it has given up: the reply code says so.
    """
    code = _REPLY.search(text)
    number = code[1] if code else status_of(text)
    return None if not number or number[0] == "2" else number[0] == "5"


def is_conversation(subject: str) -> bool:
    """Return whether a subject begins as that of an answer or of a forwarded message."""
    return bool(_PREFIX.match(subject))


def is_challenge(text: str) -> bool:
    """Return whether a text asks its reader to let a message through."""
    return bool(_CHALLENGE.search(plain(text)))


def verdict(text: str) -> str:
    """Return what a line says became of the message: ``failed``, ``delayed``, ``relayed``, ``delivered``, "" if it does not say."""
    text = plain(text)
    if _CERTAINLY_DELAYED.search(text):
        return DELAYED
    failed, delayed = _FAILED.search(text), _DELAYED.search(text)
    if failed and delayed:
        return DELAYED if delayed.start() < failed.start() else FAILED
    if failed:
        return FAILED
    if delayed:
        return DELAYED
    return RELAYED if _RELAYED.search(text) else DELIVERED if _DELIVERED.search(text) else ""


def is_certainly_delayed(text: str) -> bool:
    """Return whether a text says that the message will be tried again."""
    return bool(_CERTAINLY_DELAYED.search(plain(text)))


def subject_verdict(subject: str) -> str:
    """Return what a subject says became of the message; the subject of the message itself, which often follows, does not count."""
    head = plain(subject).replace("：", ":")
    start, colon, _rest = head.partition(":")
    if start.strip() in _GENERAL:
        start = head[:60]
    return verdict(start if colon else head[:60])
