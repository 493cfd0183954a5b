import logging
from collections.abc import Callable
from traceback import format_tb
from typing import Any

from odoo import api, models

from ...tools.errors import storable
from ...tools.identity.acting import Fetching
from ...tools.incoming.item import Item
from ...tools.incoming.limits import excess, is_tame
from ...tools.transactions import TRANSIENT

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    """What becomes of a message that an Office 365 server handed out: a record, or a row with the source and the reason."""

    _inherit = "mail.thread"

    @api.model
    def _office365_item(self, message: object) -> Item | None:
        """Return the message on its way in, if it is this one."""
        item = self._office365_present_item()
        return item if item and item.source is message else None

    @api.model
    def _office365_present_item(self) -> Item | None:
        """Return the message of an Office 365 server that is being processed."""
        fetching = Fetching.of(self.env.context)
        return fetching.item if fetching else None

    @api.model
    def _office365_file(self, item: Item, process: Callable[[bytes], Any]) -> Any:
        """Process a message, and write down what became of it: with its source, unless it became a record.

        :param process: core's gateway, called with a source that Python's parser can be given
        :raise psycopg2.Error: the database cannot do it now; the message is kept by whoever rolls back
        """
        inbound, item.cursor = self.env["office365.inbound"].sudo(), self.env.cr
        self.env.cr.postrollback.add(lambda: setattr(item, "is_rolled_back", True))
        if what := excess(item.source):
            inbound._keep(item, "failed", self._office365_excess_text(what))
            return None
        try:
            with self.env.cr.savepoint():
                source = item.source if is_tame(item.source) else b"\r\n"
                thread_id = process(source)
                if not thread_id and item.message_id and not item.is_routed and self._office365_is_another(item):
                    thread_id = process(source)
        except TRANSIENT as error:
            item.reason = self.env._("The database could not do it: %s", type(error).__name__)
            raise
        except Exception as error:
            return self._office365_file_failure(item, error)
        if thread_id or item.model:
            inbound._keep(item, "done", "", model=item.model, res_id=thread_id or item.res_id)
        else:
            inbound._keep(item, item.state, item.reason or self.env._(
                "A module of this database made no record of this message. The server log says which one."), res_id=item.res_id,
                model=item.about if item.res_id else False)
        return thread_id

    @api.model
    def _office365_file_failure(self, item: Item, error: Exception) -> None:
        """Keep a message that could not be processed, whose changes are undone."""
        inbound = self.env["office365.inbound"].sudo()
        if item.is_unroutable:
            inbound._keep(item, "unroutable", self._office365_unroutable_text(item))
            self._office365_tell_sender(item)
            return
        # Where, and not what: the error's words may be the message's.
        _logger.warning("office365.inbound %s: %s\n%s", item.row_id, type(error).__name__, "".join(format_tb(error.__traceback__)))
        values = {"retry_at": inbound._next_try(item)} if isinstance(error, OSError) else {}
        words = self.env._(
            "%(error)s\nThe server log says where. Retry the message when the cause is removed, or file it by hand.",
            error=f"{type(error).__name__}: {error}")
        inbound._keep(item, "failed", storable(words), **values)

    @api.model
    def _office365_excess_text(self, what: str) -> str:
        """Return the sentence about a message that is not even parsed."""
        return {
            "size": self.env._("The message is larger than 64 MB. Odoo does not process it, because that would take too much memory."),
            "header": self.env._("The header of the message is larger than 256 kB. Odoo does not process it."),
            "parts": self.env._("The message has more than 1,000 parts. Odoo does not process it, because that would take minutes."),
            "multiparts": self.env._("The message has more than 200 parts that have parts themselves. Odoo does not process it."),
            "recipients": self.env._("The message names more than 5,000 recipients. Odoo does not process it."),
        }[what]
