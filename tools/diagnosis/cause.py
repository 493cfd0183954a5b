"""What a row of the table of causes is made of.

The rows are in ``causes/``, one file a topic; :mod:`.reader` puts them in order and reads texts with them.

A row is recognised by codes that are made for machines (RFC 5321 section 4.2 reply codes, RFC 3463 enhanced status codes,
``AADSTS`` numbers) and by single words of Microsoft's that are no prose: names of exceptions, of settings, of links.
Prose is used where nothing else tells two causes apart, as few words of it as possible: Microsoft changes its sentences and
may translate them. A code outranks words: :attr:`Sign.rank`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: Slugs by topic, as promised to the scripts of other people; ``*`` marks those that are worth another try.
TOPICS: Final[dict[str, str]] = {
    "Sign-in": """smtp_auth_disabled_tenant smtp_auth_disabled_mailbox basic_auth_retired security_defaults conditional_access
        bad_credentials oauth_rejected not_authenticated unknown_mechanism federation_unreachable token_expired*
        mailbox_access_missing imap_auth_failed imap_throttled*""",
    "Transport": """name_not_resolved* connection_refused* timeout* connection_lost* tls_version certificate_untrusted server_busy*
        hello_missing bad_helo""",
    "Sender": """send_as_denied penalty_box sender_restricted sender_banned invalid_from_header unregistered_domain spam_rejected
        tenant_blocked ip_reputation""",
    "Quota": """rate_limited* concurrent_connections* daily_recipient_limit* tenant_recipient_limit* onmicrosoft_limit*
        too_many_recipients* message_too_large mailbox_full""",
    "Relay and recipient": """relay_denied direct_send_rejected greylisted* recipient_unknown recipient_restricted recipient_busy*
        routing_loop hve_internal_only forwarding_blocked sender_authentication_failed""",
    "Microsoft Entra": """entra_user_unknown entra_user_blocked entra_bad_password entra_mfa_required entra_conditional_access
        entra_consent_missing entra_permission_missing entra_app_unknown entra_secret_invalid entra_secret_expired
        entra_certificate_invalid entra_grant_expired entra_redirect_mismatch entra_tenant_unknown entra_wrong_cloud
        entra_single_tenant entra_scope_invalid entra_public_client entra_unavailable* entra_throttled*""",
    "Anything else": "unknown",
}
TOPIC_OF: Final[dict[str, str]] = {slug.rstrip("*"): topic for topic, slugs in TOPICS.items() for slug in slugs.split()}
RETRYABLE: Final[frozenset[str]] = frozenset(
    slug.rstrip("*") for slugs in TOPICS.values() for slug in slugs.split() if slug.endswith("*")
)

#: What a refusal can be about.
SERVER, SENDER, RECIPIENT, MESSAGE = "server", "sender", "recipient", "message"
_ABOUT: Final[dict[str, str]] = {
    SERVER: """rate_limited concurrent_connections tenant_recipient_limit tenant_blocked ip_reputation relay_denied direct_send_rejected
        greylisted""",
    SENDER: """send_as_denied penalty_box sender_restricted sender_banned invalid_from_header unregistered_domain daily_recipient_limit
        onmicrosoft_limit mailbox_full sender_authentication_failed""",
    RECIPIENT: "recipient_unknown recipient_restricted recipient_busy routing_loop hve_internal_only",
    MESSAGE: "spam_rejected too_many_recipients message_too_large forwarding_blocked",
    "": "unknown",
}
ABOUT_OF: Final[dict[str, str]] = {
    **{slug: SERVER for slug, topic in TOPIC_OF.items() if topic in ("Sign-in", "Transport", "Microsoft Entra")},
    **{slug: about for about, slugs in _ABOUT.items() for slug in slugs.split()},
}

#: What was asked of the server when it refused, in the order of a session (RFC 5321 section 3): ``data`` is the command, ``content``
#: what follows it.
STAGES: Final[tuple[str, ...]] = ("connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content")
#: Before MAIL a server knows of no mail, before RCPT of no recipient: what it refuses by then cannot be about them.
SESSION: Final[frozenset[str]] = frozenset(STAGES[:STAGES.index("mail")])
_NAMED_AT: Final[dict[str, frozenset[str]]] = {
    MESSAGE: frozenset(STAGES) - SESSION,  # MAIL announces its size
    RECIPIENT: frozenset(STAGES) - SESSION - {"mail"},
}

PROTOCOLS: Final[tuple[str, ...]] = ("smtp", "imap", "pop", "entra", "tls")
SMTP: Final[frozenset[str]] = frozenset({"smtp"})
INCOMING: Final[frozenset[str]] = frozenset({"imap", "pop"})
ENTRA: Final[frozenset[str]] = frozenset({"entra"})
ANY: Final[frozenset[str]] = frozenset(PROTOCOLS)
SIGNS_IN: Final[frozenset[str]] = ANY - {"tls"}


def _lt(text: str) -> str:
    """Mark a text for translation: Odoo's export finds it by the name of this function.

    A marker only, as ``tools/`` works without Odoo; who shows the text translates it (``self.env._(diagnosis.remedy)``).
    """
    return text


# Codes that RFC 3463 leaves open ("other or undefined"), and 5.7.1, which stands for every policy: their words say more.
_OPEN = re.compile(r"[45]\.(?:\d{1,3}\.0|7\.1)")


@dataclass(frozen=True)
class Sign:
    """How a text shows its cause.

    :ivar codes: one of these is in the text: enhanced status codes, or ``AADSTS`` numbers
    :ivar reply: this SMTP reply code is in the text, "" if it says nothing
    :ivar words: all of these are in the text, whatever their case
    :ivar subject: second number of the enhanced status code, for codes of no other row
    :ivar shown: codes and words as people read them
    """

    codes: frozenset[str] = frozenset()
    reply: str = ""
    words: tuple[str, ...] = ()
    subject: str = ""
    shown: str = ""

    @property
    def rank(self) -> int:
        """How far the sign is to be trusted, 0 most.

        A code that names a cause outranks words; words outrank a code that is open, a reply code (RFC 5321: a class of causes) and the
        subject of a code (RFC 3463: what it is about).
        """
        if self.subject:
            return 4
        if self.codes and not all(map(_OPEN.fullmatch, self.codes)):
            return 0
        if self.codes or self.reply:
            return 1 if self.words else 3
        return 2


@dataclass(frozen=True)
class Cause:
    """A row of the table. Several rows may have the same slug, and another remedy each.

    :ivar slug: stable name of the cause, one of :data:`TOPIC_OF`
    :ivar signs: each of them shows the cause
    :ivar remedy: what the administrator does; ``<code>`` is the code that the text has
    :ivar source: key of :data:`.causes_sources.SOURCES`
    :ivar retry_after: seconds after which another try makes sense, if the server names none
    :ivar protocols: in whose texts the signs mean this
    :ivar final: never worth another try, whatever the class of the code
    :ivar only_at: stages of a session at which the signs mean this, empty: wherever they can be about that
    :ivar of_object: what such a refusal is about, if that is not what the slug says
    :ivar after_success: means this only of a server that worked before
    :ivar vague: stands for so many things that it says nothing beside a number that is not known
    """

    slug: str
    signs: tuple[Sign, ...]
    remedy: str
    source: str
    retry_after: int | None = None
    protocols: frozenset[str] = SMTP
    final: bool = False
    only_at: frozenset[str] = frozenset()
    of_object: str = ""
    after_success: bool = False
    vague: bool = False

    @property
    def retryable(self) -> bool:
        """Whether another try may succeed with nobody doing anything, if the reply's class does not say so."""
        return self.slug in RETRYABLE and not self.final

    @property
    def about(self) -> str:
        """What such a refusal is about: ``server``, ``sender``, ``recipient``, ``message``, "" if that is not known."""
        return self.of_object or ABOUT_OF[self.slug]

    def can_be_said_at(self, stage: str) -> bool:
        """Tell whether a server can mean this at a stage of the session, "" if that is not known."""
        if self.only_at:
            return stage in self.only_at
        return not stage or self.about not in _NAMED_AT or stage in _NAMED_AT[self.about]


def status(code: str, *words: str) -> Sign:
    """Return the sign of an enhanced status code, or a range (``4.7.500-699``), perhaps after a reply code (``550 5.2.252``)."""
    reply, _space, enhanced = code.rpartition(" ")
    first, _dash, last = enhanced.partition("-")
    codes = {first}
    if last:
        stem, _dot, lowest = first.rpartition(".")
        codes = {f"{stem}.{detail}" for detail in range(int(lowest), int(last) + 1)}
    return _sign(words, frozenset(codes), reply, code)


def reply(code: int, *words: str) -> Sign:
    """Return the sign of an SMTP reply code, for servers that give no enhanced status code."""
    return _sign(words, reply=str(code), code=str(code))


def says(*words: str) -> Sign:
    """Return the sign of words alone."""
    return _sign(words)


def any_of(*words: str) -> tuple[Sign, ...]:
    """Return the signs of words each of which is enough."""
    return tuple(says(word) for word in words)


def aadsts(*numbers: int) -> Sign:
    """Return the sign of error numbers of Microsoft Entra."""
    names = [f"AADSTS{number}" for number in numbers]
    return _sign((), frozenset(names), code=", ".join(names))


def subject(number: int) -> Sign:
    """Return the sign of every enhanced status code of a subject (RFC 3463 section 2) that no other row has."""
    return Sign(subject=str(number), shown=f"x.{number}.x")


def _sign(words: tuple[str, ...], codes: frozenset[str] = frozenset(), reply: str = "", code: str = "") -> Sign:
    folded = tuple(" ".join(word.casefold().split()) for word in words)
    return Sign(codes, reply, folded, shown=" … ".join(filter(None, (code, *words))))
