"""What became of the messages of one case of the fault matrix of receiving."""
from __future__ import annotations

import dataclasses

from ..servers.maildir import StoredMessage


@dataclasses.dataclass
class Count:
    """What became of the messages.

    :ivar posted: number of messages that are in Odoo
    :ivar kept: that are in the list of received mail with their source, to be seen to
    :ivar named: that are in the list without a source, as the server hands none out
    :ivar waiting: that are in the mailbox as they arrived
    :ivar removed: that a person took away before Odoo had them
    :ivar lost: that are nowhere, or look fetched in the mailbox and are not
    :ivar twice: in Odoo more than once, or in Odoo and to be seen to
    :ivar unmarked: accounted for, but the mailbox does not show it
    :ivar strangers: messages in Odoo that nobody wrote
    """

    posted: int = 0
    kept: int = 0
    named: int = 0
    waiting: int = 0
    removed: int = 0
    lost: int = 0
    twice: int = 0
    unmarked: int = 0
    strangers: int = 0


class Counting:
    """Compares what Odoo says of the messages of a case with what is in the mailbox; see :class:`.mailbox.Receiving`."""

    def count(self) -> Count:
        """Compare what Odoo says of the messages with what is in the mailbox."""
        posted = dict(self.store.sql(
            "SELECT subject, count(*) FROM mail_message WHERE id > %s AND message_type = 'email' GROUP BY 1", self._last))
        kept, nameless = self._listed()
        there, count = self.there(), Count(named=nameless)
        for subject in self.subjects:
            times, is_kept = posted.get(subject, 0), subject in kept
            found = there.get(subject)
            count.posted += times > 0
            count.kept += is_kept and not times
            count.twice += max(0, times + is_kept - 1)
            if times or is_kept:
                count.unmarked += not self._shows(found, is_kept and not times, subject)
            elif subject in self.removed:
                count.removed += 1
            elif found and found[0] != "Done" and not self._is_touched(found, subject):
                count.waiting += 1
            else:
                count.lost += 1
        count.waiting -= nameless
        if count.waiting < 0:  # a person took away some that are named
            count.removed, count.waiting = count.removed + count.waiting, 0
        count.strangers = sum(not str(subject).startswith(f"f{self._preset}") for subject in posted)
        return count

    def _listed(self) -> tuple[set[str], int]:
        """Return the subjects of messages that are kept, and how many are listed without a source of their own."""
        rows = self.store.sql("""
            SELECT subject, digest IS NOT NULL AND EXISTS(
                SELECT FROM ir_attachment WHERE res_model = 'office365.inbound' AND res_field = 'raw' AND res_id = office365_inbound.id)
              FROM office365_inbound WHERE state <> 'done' AND NOT (digest IS NULL AND (is_working OR state = 'ignored'))""")
        return {subject for subject, has_source in rows if has_source}, sum(not has_source for _subject, has_source in rows)

    def there(self) -> dict[str, tuple[str, StoredMessage]]:
        """Return folder and message of what is in the mailbox, by subject."""
        mailbox = self.mailbox
        return {str(message["Subject"]): (folder, message) for folder in mailbox.folders() for message in mailbox.messages(folder)}

    def _shows(self, found: tuple[str, StoredMessage] | None, is_kept: bool, subject: str) -> bool:
        """Tell whether the mailbox shows what became of a message: what is kept is never moved or deleted, but over POP."""
        if not found:
            return self.after == "delete" and (not is_kept or self._preset == "pop") or subject in self.removed
        folder, message = found
        if self.after == "leave" or self._preset == "pop":
            return self.after == "leave" and not self._is_touched(found, subject)
        if is_kept:
            return "S" in message.flags and "T" not in message.flags and folder != "Done"
        return {"seen": "S" in message.flags, "move": folder == "Done", "delete": "T" in message.flags}[self.after]

    def _is_touched(self, found: tuple[str, StoredMessage], subject: str) -> bool:
        if self._preset == "pop":
            return False  # Dovecot marks what it has handed out
        flags = set(found[1].flags)
        return bool(flags & set("ST")) if subject not in self.read else "T" in flags

    def posted(self) -> set[str]:
        """Return the subjects of the messages of this case that are in Odoo."""
        like = f"f{self._preset}{self._case}-%"
        rows = self.store.sql("SELECT subject FROM mail_message WHERE id > %s AND subject LIKE %s", self._last, like)
        return {subject for subject, in rows}
