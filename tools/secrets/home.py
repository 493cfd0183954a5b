"""Where a database lives: a mark outside of it that tells the original, after a move, from a copy.

A database is known by where it is in PostgreSQL, which no dump and no template takes along. When that changes, the database was moved, or
this is a copy. The mark decides: a file in Odoo's data directory that says which database of that place was served from here. It counts
for a database of the same name and uuid, and only if the file itself was not copied: it holds its own inode number.

So a move of one of the two, PostgreSQL or the data directory, is followed; whoever has copied or moved both is asked.
"""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """A database, as this host knows it.

    :ivar folder: holds the marks; made when there is one to write
    :ivar database: name in PostgreSQL
    :ivar uuid: System Parameter ``database.uuid``, which Odoo draws anew for a duplicate
    """

    folder: Path
    database: str
    uuid: str

    def is_at(self, place: str) -> bool:
        """Tell whether this database, and no other, was served from here when it was at a place.

        :param place: anything that stands for the place
        :raise OSError: the mark is there, and cannot be read
        """
        try:
            with open(self._path(place), encoding="utf-8") as file:
                said = json.load(file)
                return said == self._values(os.fstat(file.fileno()).st_ino)
        except (FileNotFoundError, ValueError):
            return False

    def remember(self, place: str) -> None:
        """Write down that this database is served from here, in place of what was said of another one.

        :raise OSError: the mark cannot be written
        """
        if self.is_at(place):
            return
        path = self._path(place)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            with open(draft, "x", encoding="utf-8") as file:
                json.dump(self._values(os.fstat(file.fileno()).st_ino), file)
            draft.replace(path)  # it keeps its inode
        finally:
            draft.unlink(missing_ok=True)

    def _path(self, place: str) -> Path:
        return self.folder / f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.home"

    def _values(self, inode: int) -> dict[str, str | int]:
        return {"database": self.database, "uuid": self.uuid, "inode": inode}
