"""Answers to invitations, which Outlook sends when somebody accepts or declines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

from ..parts import content_type, is_attached, message_class, parameter, parts_of, text

# RFC 5546 section 1.4. A request or a cancellation is news to a person, and ordinary mail: so are REQUEST, CANCEL, ADD, PUBLISH and
# REFRESH. An answer tells the organiser's calendar about an invitation that went out from there.
_ANSWERS: Final = frozenset(("REPLY", "COUNTER", "DECLINECOUNTER"))
_METHOD: Final = re.compile(r"^METHOD[ \t]*(?:;[^:\n]*)?:[ \t]*([\w-]+)", re.IGNORECASE | re.MULTILINE)
_UID: Final = re.compile(r"^UID[ \t]*(?:;[^:\n]*)?:(.*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class MeetingAnswer:
    """An answer to an invitation.

    :ivar method: iTIP method, in upper case
    :ivar uid: of the meeting, "" if it is not told
    """

    method: str
    uid: str


def read(message: Message) -> MeetingAnswer | None:
    """Return the answer to an invitation, None for any other message, also for one that has an answer attached."""
    for part in parts_of(message):
        if content_type(part) == "text/calendar":
            return _answer(part)
    name = message_class(message)
    return MeetingAnswer("REPLY", "") if name.startswith(("IPM.SCHEDULE.MEETING.RESP.", "IPM.MICROSOFT SCHEDULE.MTGRESP")) else None


def _answer(part: Message) -> MeetingAnswer | None:
    named = parameter(part, "method").upper()
    if not named and is_attached(part):  # a file: RFC 6047 section 2.4 wants the method named
        return None
    calendar = re.sub(r"\n[ \t]", "", text(part))
    written = found[1].upper() if (found := _METHOD.search(calendar)) else ""
    if not {named, written} - {""} <= _ANSWERS or not (named or written):
        return None
    uid = _UID.search(calendar)
    return MeetingAnswer(named or written, uid[1].strip() if uid else "")
