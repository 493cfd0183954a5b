"""How long a worker may go on: Odoo ends one that takes longer than ``limit_time_real`` (120 s), and what it knew is lost with it."""

import math
from dataclasses import dataclass
from typing import Final

# Seconds of a worker's life that are kept for the mail on its way, and for writing down what became of it.
_TO_FINISH: Final = 60
_TO_WRITE: Final = 10


@dataclass(frozen=True)
class Lifetime:
    """When a run has to be done, by `time.monotonic`.

    :ivar last_start: from then on no further mail is begun; the rest goes with the next run
    :ivar end: when all waits for a server end
    """

    last_start: float = math.inf
    end: float = math.inf

    @classmethod
    def of(cls, limit: float | None, now: float) -> "Lifetime":
        """Return it for a worker that is ended so many seconds from now.

        :param limit: seconds; None, 0 or less: never
        """
        if not limit or limit <= 0:
            return cls()
        return cls(now + limit - min(_TO_FINISH, limit / 2), now + limit - min(_TO_WRITE, limit / 12))


def real_limit(request_limit: float | None, cron_limit: float | None, *, is_request: bool) -> float | None:
    """Return the seconds after which Odoo ends what works here, as ``odoo.service.server`` reads its options.

    :param request_limit: ``limit_time_real``
    :param cron_limit: ``limit_time_real_cron``; -1 stands for the former, 0 for none
    """
    return request_limit if is_request or cron_limit == -1 else cron_limit
