"""What the numbers were measured on, in one line that names no host and no folder."""
from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

from odoo import release


def processor() -> str:
    """Return the model name of the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Processor", "CPU part"):
            return value.strip()
    return platform.machine()


def describe(postgresql: str) -> dict[str, object]:
    """Return the facts of the machine.

    :param postgresql: version as the server says it
    """
    return {
        "cpu": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "postgresql": postgresql.split()[0],
        "odoo": release.version,
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def line(facts: dict[str, object]) -> str:
    """Return the facts as one line."""
    return (
        f"{facts['cpu']}, {facts['cores']} cores (load {facts['load']} at the start), Python {facts['python']}, "
        f"PostgreSQL {facts['postgresql']}, Odoo {facts['odoo']}, {facts['date']}"
    )
