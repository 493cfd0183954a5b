"""The pauses of a server as a run of the queue sees them, and the trials that the run makes."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final

from ...tools.outgoing import clock
from ...tools.outgoing.breaker import Breaker, Scope, Verdict, scope_of

# Seconds after which the pauses that others began are read again.
_OLD: Final = 5


class Breakers:
    """The pauses of a server, at most a few seconds old, and the trials of this run."""

    def __init__(self, pauses: Any, server: Any, *, own_mailbox: bool) -> None:
        """
        :param pauses: model ``office365.pause``
        :param server: record of ours
        :param own_mailbox: each sender signs in as their own mailbox
        """
        self._pauses, self._server, self._own_mailbox = pauses, server, own_mailbox
        self._states: dict[str, Breaker] = {}
        self._read_at, self._clock = -math.inf, clock.DatabaseClock()
        self._trials: set[str] = set()

    def verdict(self, sender: str) -> tuple[Verdict, str]:
        """Return whether pauses let a mail of this sender go, and whose pause decides ("": the server's)."""
        if clock.monotonic() - self._read_at > _OLD:
            asked_at = clock.monotonic()
            self._states, now = self._pauses._states(self._server)
            self._clock.set(now, asked_at)
            self._read_at = clock.monotonic()
        # A mail that goes with a trial of this run is the trial.
        judged = [(self._states[target].judge(self._now()), target) for target in ("", sender)
                  if target in self._states and target not in self._trials]
        return next((each for each in judged if each[0] is not Verdict.GO), (Verdict.GO, ""))

    def claim(self, target: str) -> bool:
        """Tell whether this run may make the trial of a pause that is over."""
        self._read_at = -math.inf  # whatever comes of it, it is news
        if self._pauses._claim_trial(self._server, target):
            self._trials.add(target)
            return True
        return False

    def succeeded(self, sender: str) -> None:
        """Forget earlier refusals, but not a pause that began while this mail was on its way."""
        for target in ("", sender):
            state = self._states.get(target)
            if state and (target in self._trials or state.until is None):
                self._pauses._succeeded(self._server, target)
                del self._states[target]
                self._trials.discard(target)

    def failed(self, sender: str, cause: str, reply: str, stage: str = "") -> str | None:
        """Count a permanent refusal that stops more than one mail; return whose pause it starts, if any."""
        target = {Scope.SERVER: "", Scope.ADDRESS: sender}.get(scope_of(cause, own_mailbox=self._own_mailbox, stage=stage))
        self.release(but=target)
        if target is None:
            return None
        asked_at = clock.monotonic()
        state, now = self._pauses._failed(self._server, target, cause, reply, stage)
        self._states[target] = state
        self._clock.set(now, asked_at)
        return target if state.until else None

    def release(self, but: str | None = None) -> None:
        """Let others try: this run's trials proved nothing."""
        trials, self._trials = self._trials - {but}, set()
        for target in trials:
            self._pauses._release_trial(self._server, target)

    def refusal(self, target: str) -> tuple[datetime, Breaker]:
        """Return when a stopped mail may ask again, and what stops it."""
        state = self._states[target]
        return state.retry_at(self._now()), state

    def _now(self) -> datetime:
        return clock.moment(self._clock.now())
