"""What was used in a sliding span of time, in little space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Window:
    """What was used in a sliding span, in steps: a step counts until all of it has left the span, so never too little.

    :ivar steps: ``[start, of single messages, of bulk]``, in the order of time
    """

    span: int
    step: int
    steps: list[list[int]] = field(default_factory=list)

    def forget(self, now: float) -> None:
        """Drop what has left the span. What was used later than now, as a clock says that was ahead, is used now."""
        ahead = [each for each in self.steps if each[0] > now + self.step]  # a worker's estimate may be a little early
        self.steps = [each for each in self.steps if self._end(each[0]) > now and each not in ahead]
        for _start, single, bulk in ahead:
            self.add(now, single, bulk=False)
            self.add(now, bulk, bulk=True)

    def add(self, at: float, amount: int, *, bulk: bool) -> None:
        """Count what was used at a moment."""
        start = int(at // self.step * self.step)
        for each in self.steps:
            if each[0] == start:
                each[1 + bulk] += amount
                return
        self.steps.append([start, 0, amount] if bulk else [start, amount, 0])
        self.steps.sort()

    def frees(self) -> Iterator[tuple[int, int, int]]:
        """Yield when something gets free, and what: of single messages, and of bulk."""
        return ((self._end(start), single, bulk) for start, single, bulk in self.steps)

    def _end(self, start: int) -> int:
        return start + self.step + self.span
