"""What became of the messages of one case of the fault matrix of receiving."""
from __future__ import annotations

import dataclasses


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
