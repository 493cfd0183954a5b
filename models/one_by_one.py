"""Jobs that do something with many things: one that fails keeps no other from its turn."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from odoo import api
from odoo.exceptions import UserError

T = TypeVar("T")

_logger = logging.getLogger(__name__)


def one_by_one(env: api.Environment, items: Sequence[T], work: Callable[[T], Any], failing: str) -> None:
    """Do something with each of these, in a transaction of its own, until the time of the job is over: then it is run again for the rest.

    :param failing: for the log, what could not be done; ``%s`` stands for the item
    """
    for number, item in enumerate(items, start=1):
        try:
            work(item)
            env.flush_all()  # what the database refuses is this item's failure, and not that of the commit
        except UserError as error:  # it says what to do
            env.cr.rollback()
            _logger.warning("Office 365: %s: %s", failing % (item,), error)
        except Exception:
            env.cr.rollback()
            _logger.exception("Office 365: %s.", failing % (item,))
        if not env["ir.cron"]._commit_progress(1, remaining=len(items) - number):
            break
