"""Scripts for Exchange Online PowerShell: what an administrator of Exchange sets up for this database.

What a script does is a text of its own, `powershell/*.ps1`, the same for everybody. Of a database there are only assignments in front of
it, each value as one literal (`tools/servers/powershell.py`), so that no value can become a command.
"""

from .kinds import KINDS, Kind
from .recipients import Listed, ip_ranges, listed
from .script import MissingValue, as_file, file_name, script, undo
from .values import Values, admin_center, environment

__all__ = [
    "KINDS", "Kind", "Listed", "MissingValue", "Values", "admin_center", "as_file", "environment", "file_name", "ip_ranges", "listed",
    "script", "undo",
]
