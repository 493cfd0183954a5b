"""Temporary folders that do not outlive their process for long, even if it is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "mail-o365-"
_OWNER = "owner.pid"


def temporary_folder() -> Path:
    """Make a folder for this process, and remove those of processes that were killed before they could."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        try:
            pid = int(owner.read_text(encoding="ascii") or 0)
        except (PermissionError, FileNotFoundError):  # somebody else's, or just going
            continue
        if pid and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(owner.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (folder / _OWNER).write_text(str(os.getpid()), encoding="ascii")
    return folder
