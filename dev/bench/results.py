"""What a bench found, and how it is printed."""
from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Result:
    """One line of the table.

    :ivar name: name of the bench, as on the command line
    :ivar work: what was done
    :ivar core: seconds per mail of core, or of whatever the addon is compared with
    :ivar addon: seconds per mail of the addon
    :ivar ratios: one ratio for each round, taken from runs next to each other
    :ivar meaning: what the ratio is: ``core / addon`` or the like
    :ivar target: what it should be, in words
    :ivar reached: whether it is
    :ivar core_connections: connections that the server saw; ``addon_connections`` likewise
    :ivar remarks: further numbers, in words
    """

    name: str
    work: str
    core: Sequence[float]
    addon: Sequence[float]
    ratios: Sequence[float]
    meaning: str
    target: str
    reached: bool
    core_connections: int | None = None
    addon_connections: int | None = None
    remarks: str = ""

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)

    def cells(self) -> tuple[str, ...]:
        """Return the line as texts, in the order of :data:`HEAD`."""
        spread = f"{self.ratio:.2f} ({min(self.ratios):.2f} – {max(self.ratios):.2f}) {self.meaning}"
        return (
            self.name, self.work, _milliseconds(self.core), _milliseconds(self.addon),
            f"{_number(self.core_connections)} / {_number(self.addon_connections)}", spread, self.target,
            "reached" if self.reached else "MISSED", self.remarks,
        )

    def as_json(self) -> dict[str, object]:
        """Return the line for machines."""
        return dataclasses.asdict(self) | {"ratio": self.ratio, "rounds": len(self.ratios)}


HEAD = (
    "bench", "work", "core, ms a mail", "addon, ms a mail", "connections core / addon", "ratio: median (lowest – highest)", "target",
    "", "more",
)


def _milliseconds(values: Sequence[float]) -> str:
    return f"{1000 * statistics.median(values):.1f}" if values else "–"


def _number(value: int | None) -> str:
    return "–" if value is None else str(value)


def table(results: Sequence[Result]) -> str:
    """Return the results for a screen."""
    rows = [HEAD, *(result.cells() for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
