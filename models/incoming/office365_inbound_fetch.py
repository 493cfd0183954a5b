import base64
import logging
from collections.abc import Collection
from typing import NamedTuple

from odoo import api, models

from ...tools.incoming.item import Item
from ...tools.transactions import run_apart
from .office365_inbound import digest_of

_logger = logging.getLogger(__name__)

# How often Odoo may be stopped while it works on a message before it is set aside.
_MAX_DEATHS = 3
# Minutes until a message that the server does not hand out is asked for again: 1, 2, 4 … up to a day.
_LONGEST_WAIT = 24 * 60


class Known(NamedTuple):
    """What the list says of a message.

    :ivar is_finished: it is not to be fetched again
    :ivar is_settled: the mailbox shows that
    :ivar is_due: it may be tried now
    """

    state: str
    is_finished: bool
    is_settled: bool
    is_due: bool


class Office365Inbound(models.Model):
    """What the fetching of a mailbox asks and notes, each in a transaction of its own: it holds, whatever becomes of the message."""

    _inherit = "office365.inbound"

    @api.model
    def _known(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> dict[int | str, Known]:
        """Return what the committed list says of messages that are in it."""
        def read(cr):
            cr.execute(
                """
                SELECT uid, state, NOT is_working AND (digest IS NOT NULL OR state = 'set_aside'), is_settled,
                       (is_working OR digest IS NULL AND state IN ('failed', 'ignored'))
                       AND COALESCE(retry_at <= clock_timestamp() AT TIME ZONE 'UTC', TRUE)
                  FROM office365_inbound
                 WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s)
                """, [server_id, folder, validity, list(by_name)])
            return {by_name[uid]: Known(*row) for uid, *row in cr.fetchall()}

        by_name = {str(uid): uid for uid in uids}
        return run_apart(self.env.registry.cursor, read) if by_name else {}

    @api.model
    def _begin(self, item: Item) -> bool:
        """Note that a message is about to be processed; return whether it may be.

        Committed before the work, so that a message that ends the worker is known by that. It need not be on disk before the work is, whose
        commit puts it there.
        """
        def begin(cr):
            cr.execute(
                """
                INSERT INTO office365_inbound (server_id, folder, validity, uid, received, state, error, attempts, deaths, is_working,
                                               is_settled, date, create_uid, create_date, write_date)
                SELECT %(server)s, %(folder)s, %(validity)s, %(uid)s, %(received)s, 'failed', %(error)s, 1, 0, TRUE,
                       FALSE, now, %(root)s, now, now
                  FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) clock
                ON CONFLICT (server_id, folder, validity, uid)
                DO UPDATE SET attempts = office365_inbound.attempts + 1, state = 'failed', error = EXCLUDED.error, is_working = TRUE,
                              write_date = EXCLUDED.write_date,
                              retry_at = NULL, deaths = office365_inbound.deaths + office365_inbound.is_working::int
                        WHERE (office365_inbound.is_working OR office365_inbound.digest IS NULL)
                          AND COALESCE(office365_inbound.retry_at <= EXCLUDED.write_date, TRUE)
                RETURNING id, attempts, deaths
                """, self._key(item) | {"error": self.env._("Odoo was stopped while it processed the message.")})
            return cr.fetchone()

        if not (begun := run_apart(self.env.registry.cursor, begin, is_durable=False)):
            return False  # somebody else was faster
        item.row_id, item.attempts, deaths = begun
        if deaths < _MAX_DEATHS:
            return True
        self._keep_apart(item, "set_aside", self.env._(
            "Odoo was stopped three times while it processed the message. Find the cause in the server log, then retry it."))
        _logger.warning("fetchmail.server %s: message %s is set aside", item.server_id, item.uid)
        return False

    @api.model
    def _without_source(self, item: Item, words: str) -> None:
        """Note a message whose source the server does not hand out: it is asked for again, each time later."""
        def note(cr):
            cr.execute(
                """
                INSERT INTO office365_inbound (server_id, folder, validity, uid, received, state, error, attempts, deaths, is_working,
                                               is_settled, retry_at, date, create_uid, create_date, write_date)
                SELECT %(server)s, %(folder)s, %(validity)s, %(uid)s, %(received)s, 'failed', %(error)s, 1, 0, FALSE,
                       FALSE, now, now, %(root)s, now, now
                  FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) clock
                ON CONFLICT (server_id, folder, validity, uid)
                DO UPDATE SET error = EXCLUDED.error, is_working = FALSE, write_date = EXCLUDED.write_date,
                              attempts = office365_inbound.attempts + 1,
                              retry_at = EXCLUDED.date + interval '1 minute' * least(2 ^ (office365_inbound.attempts - 1), %(longest)s)
                RETURNING id
                """, self._key(item) | {"error": words, "longest": _LONGEST_WAIT})
            return cr.fetchone()[0]

        item.row_id = run_apart(self.env.registry.cursor, note)
        if item.source:  # a substitute, which says what the message was
            head = {name: value for name, value in self._head(item).items() if name in ("email_from", "subject")}
            run_apart(self.env.registry.cursor, lambda cr: self._apart(cr).browse(item.row_id).write({
                **head, "raw": base64.b64encode(item.source)}))

    @api.model
    def _pending(self, server_id: int, folder: str, validity: str) -> set[int | str]:
        """Return the messages whose source the server has not handed out yet, and is to be asked for now."""
        def read(cr):
            cr.execute(
                """
                SELECT uid FROM office365_inbound
                 WHERE server_id = %s AND folder = %s AND validity = %s AND state = 'failed' AND digest IS NULL AND NOT is_working
                   AND COALESCE(retry_at <= clock_timestamp() AT TIME ZONE 'UTC', TRUE)
                """, [server_id, folder, validity])
            return {int(uid) if validity else uid for uid, in cr.fetchall()}

        return run_apart(self.env.registry.cursor, read)

    @api.model
    def _gone(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> None:
        """Note that messages whose source was never handed out are not in the mailbox any more."""
        if uids:
            words = self.env._("The server did not hand out this message, and it is not in the mailbox any more.")
            run_apart(self.env.registry.cursor, lambda cr: cr.execute(
                """
                UPDATE office365_inbound SET state = 'ignored', error = %s, retry_at = NULL, is_settled = TRUE
                 WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s) AND digest IS NULL
                """, [words, server_id, folder, validity, [str(uid) for uid in uids]]))

    @api.model
    def _too_large(self, item: Item) -> None:
        """Note a message that is too large to be read: it stays in the mailbox as it is."""
        item.source, size = item.source[:256 * 1024], len(item.source)
        if self._begin(item):
            self._keep_apart(item, "set_aside", self.env._(
                "The message is larger than %(size)s MB. Odoo does not read it, and leaves it in the mailbox as it is. Open it in Outlook.",
                size=size // 2 ** 20), digest=False, raw=False, is_settled=True)

    @api.model
    def _renumber(self, item: Item) -> bool:
        """Tell whether a message is in the list under an older number of its folder; then it gets the present one."""
        def renumber(cr):
            cr.execute(
                """
                SELECT id FROM office365_inbound
                 WHERE digest = %(digest)s AND server_id = %(server)s AND folder = %(folder)s AND validity <> %(validity)s
                   AND (received IS NULL OR %(received)s IS NULL OR received = %(received)s)
                 ORDER BY id LIMIT 1
                """, self._key(item) | {"digest": digest_of(item.source)})
            if not (known := cr.fetchone()):
                return False
            # It may be there under its new number as well, from when the server did not hand it out.
            cr.execute(
                """
                DELETE FROM office365_inbound
                 WHERE server_id = %(server)s AND folder = %(folder)s AND validity = %(validity)s AND uid = %(uid)s
                """, self._key(item))
            cr.execute(
                "UPDATE office365_inbound SET validity = %s, uid = %s, is_settled = FALSE WHERE id = %s",
                [item.validity, item.uid, known[0]])
            return True

        return run_apart(self.env.registry.cursor, renumber)

    @api.model
    def _settled(self, server_id: int, folder: str, validity: str, uids: Collection[int | str]) -> None:
        """Note that the mailbox shows what became of messages."""
        if uids:
            run_apart(self.env.registry.cursor, lambda cr: cr.execute(
                "UPDATE office365_inbound SET is_settled = TRUE WHERE server_id = %s AND folder = %s AND validity = %s AND uid = ANY(%s)",
                [server_id, folder, validity, [str(uid) for uid in uids]]))

    @api.model
    def _of_another_mailbox(self, servers) -> None:
        """Tell what is in the list from the messages of the mailbox that these servers fetch from now on."""
        self.env.cr.execute(
            "UPDATE office365_inbound SET validity = 'before ' || id || ' ' || validity WHERE server_id = ANY(%s)", [servers.ids])
        self.invalidate_model(["validity"])
