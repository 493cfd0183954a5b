"""A mailbox as files: Maildir++ (https://www.courier-mta.org/imap/README.maildirquota.html), the same tree Dovecot
serves.

Files hold the octets as received, CRLF line ends included.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import itertools
import os
import re
import shutil
import socket
import time
from email.message import EmailMessage
from pathlib import Path

INBOX = "INBOX"
STANDARD_FOLDERS = (INBOX, "Sent Items", "Junk")
_counter = itertools.count(1)


def _encode_folder(name: str) -> str:
    """Folder name in the modified UTF-7 of IMAP (RFC 3501 section 5.1.3), as Dovecot names its folders on disk."""
    out, run = [], []

    def flush() -> None:
        if run:
            base64 = "".join(run).encode("utf-16-be")
            out.append("&" + _modified_base64(base64) + "-")
            run.clear()

    for char in name:
        if " " <= char <= "~":
            flush()
            out.append("&-" if char == "&" else char)
        else:
            run.append(char)
    flush()
    return "".join(out)


def _modified_base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode().rstrip("=").replace("/", ",")


def _decode_folder(name: str) -> str:
    """Return the readable name of one in modified UTF-7."""

    def decoded(found: re.Match) -> str:
        base64 = found[1].replace(",", "/")
        return binascii.a2b_base64(base64 + "=" * (-len(base64) % 4)).decode("utf-16-be") if base64 else "&"

    return re.sub("&([^-]*)-", decoded, name)


class StoredMessage(EmailMessage):
    """A parsed message that remembers its file.

    :ivar raw: the octets of the file.
    :ivar path: its path.
    :ivar flags: Maildir flags, for example ``"FS"`` (F flagged, S seen, R answered, T deleted, D draft).
    """

    raw: bytes = b""
    path: Path | None = None
    flags: str = ""

    @property
    def return_path(self) -> str:
        """The envelope sender as delivery noted it, without angle brackets."""
        return str(self["Return-Path"] or "").strip().strip("<>")


_policy = email.policy.default.clone(message_factory=StoredMessage)


class Maildir:
    """One mailbox on disk.

    :ivar address: its address.
    :ivar path: its folder.
    """

    def __init__(self, address: str, path: Path, owner: tuple[int, int] | None = None):
        self.address = address
        self.path = path
        self._owner = owner
        self.create()

    def create(self) -> None:
        """Make the standard folders."""
        for folder in STANDARD_FOLDERS:
            self.create_folder(folder)
        subscriptions = self.path / "subscriptions"
        if not subscriptions.exists():
            subscriptions.write_text("".join(f"{folder}\n" for folder in STANDARD_FOLDERS[1:]), encoding="utf-8")
            self._own(subscriptions)

    def _own(self, path: Path) -> None:
        if self._owner:
            os.chown(path, *self._owner)

    def _folder(self, name: str) -> Path:
        return self.path if name.upper() == INBOX else self.path / ("." + _encode_folder(name).replace("/", "."))

    def create_folder(self, name: str) -> None:
        """Make a folder with any name, such as ``Archiv/Übersicht & mehr``; ``/`` separates levels.

        :raise ValueError: a dot, which separates levels on the disk.
        """
        if "." in name:
            raise ValueError(f"no dots in folder names: {name}")
        folder = self._folder(name)
        for path in (self.path, folder, *(folder / part for part in ("tmp", "new", "cur"))):
            if not path.is_dir():
                path.mkdir(mode=0o700, parents=True)
                self._own(path)
        if folder != self.path:
            (folder / "maildirfolder").touch()
            self._own(folder / "maildirfolder")

    def folders(self) -> list[str]:
        """Names of the folders, INBOX first."""
        names = (path.name[1:].replace(".", "/") for path in self.path.glob(".*") if (path / "cur").is_dir())
        return [INBOX, *sorted(map(_decode_folder, names))]

    def deliver(
        self, raw: bytes | EmailMessage, folder: str = INBOX, *, flags: str = "", time_received: float | None = None
    ) -> Path:
        """Store a message as it is and return its file; ``flags`` as in Maildir ("S" = seen), ``time_received`` is
        its INTERNALDATE.
        """
        if not isinstance(raw, bytes):
            raw = raw.as_bytes(policy=email.policy.SMTP)
        target = self._folder(folder)
        if not target.is_dir():
            self.create_folder(folder)
        now = time.time()
        name = (
            f"{int(now)}.M{int(now % 1 * 1e6):06d}P{os.getpid()}Q{next(_counter)}.{socket.gethostname()},S={len(raw)}"
        )
        temporary = target / "tmp" / name
        temporary.write_bytes(raw)
        self._own(temporary)
        if time_received is not None:
            os.utime(temporary, (time_received, time_received))
        final = target / "cur" / f"{name}:2,{flags}" if flags else target / "new" / name
        temporary.rename(final)
        return final

    def messages(self, folder: str = INBOX) -> list[StoredMessage]:
        """Return the messages of a folder in the order of their arrival, read from the files (no IMAP, no flag is
        touched).
        """
        found = []
        for part in ("new", "cur"):
            for path in (self._folder(folder) / part).glob("[!.]*"):
                try:
                    raw = path.read_bytes()
                except FileNotFoundError:  # an IMAP client is renaming it (flags): look again below
                    return self.messages(folder)
                message = email.message_from_bytes(raw, policy=_policy)
                message.raw, message.path, message.flags = raw, path, path.name.partition(":2,")[2]
                found.append(message)
        return sorted(found, key=_arrival)

    def wait_for(self, count: int = 1, folder: str = INBOX, timeout: float = 5.0) -> list[StoredMessage]:
        """Wait until the folder holds at least ``count`` messages and return them.

        :raise TimeoutError: if it does not within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while len(found := self.messages(folder)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{len(found)} instead of {count} messages in {folder} of {self.address} after {timeout} s"
                )
            time.sleep(0.02)
        return found

    def clear(self) -> None:
        """Remove all messages, and all folders but the standard ones. UIDs already given are never given again."""
        keep = {self._folder(folder) for folder in STANDARD_FOLDERS}
        for folder in self.path.glob(".*"):
            if folder.is_dir() and folder not in keep:
                shutil.rmtree(folder)
        for folder in keep:
            for part in ("tmp", "new", "cur"):
                for path in (folder / part).glob("*"):
                    path.unlink(missing_ok=True)

    # --- what a person does ---

    def flag(self, message: StoredMessage, flags: str) -> None:
        """Give a message these Maildir flags instead of those it has: ``"S"`` reads it, ``""`` makes it unread."""
        path = self._path(message)
        path.rename(path.parent.parent / "cur" / f"{_base(path)}:2,{''.join(sorted(flags))}")

    def move(self, message: StoredMessage, folder: str) -> None:
        """Move a message to a folder, which is made if need be."""
        path, target = self._path(message), self._folder(folder)
        self.create_folder(folder)
        path.rename(target / path.parent.name / path.name)

    def delete(self, message: StoredMessage) -> None:
        """Remove a message for good."""
        self._path(message).unlink()

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all that is in it."""
        shutil.rmtree(self._folder(name))

    def _path(self, message: StoredMessage) -> Path:
        """Return where a message is now: an IMAP client gives its file another name with each flag.

        :raise FileNotFoundError: it is in the mailbox no more.
        """
        for path in self.path.rglob(f"{_base(message.path)}*"):
            return path
        raise FileNotFoundError(message.path)

    # --- numbers ---

    def uids(self, folder: str = INBOX) -> dict[int, StoredMessage]:
        """Return the messages of a folder by their UIDs.

        Those are included that Dovecot has not seen yet: it numbers in the order of arrival.
        """
        known, following = self._uid_list(self._folder(folder) / "dovecot-uidlist")
        numbered = {}
        for message in self.messages(folder):
            uid = known.get(_base(message.path))
            if uid is None:
                uid, following = following, following + 1
            numbered[uid] = message
        return numbered

    @staticmethod
    def _uid_list(path: Path) -> tuple[dict[str, int], int]:
        """Return UIDs by base name, and the next UID (https://doc.dovecot.org/2.3/admin_manual/mailbox_formats/maildir/)."""
        head, *lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else [""]
        following = next((int(word[1:]) for word in head.split() if word.startswith("N")), 1)
        entries = (line.partition(":") for line in lines)
        known = {_base(Path(name)): int(number.split()[0]) for number, _colon, name in entries}
        return known, max([following, *(uid + 1 for uid in known.values())])

    def renumber(self, folder: str = INBOX) -> None:
        """Give the folder a new UIDVALIDITY (RFC 3501 section 2.3.1.1) and its messages new UIDs from 1 on, as after Exchange restored
        a mailbox. Dovecot ends sessions that have the folder open ("Mailbox was deleted under us").

        The list of UIDs is replaced and not removed: a session that ends would write down the one it remembers.
        """
        path = self._folder(folder) / "dovecot-uidlist"
        if not path.exists():
            return
        head = path.read_text(encoding="utf-8").partition("\n")[0]
        messages = self.messages(folder)
        head = re.sub(r" V(\d+) N\d+", lambda found: f" V{int(found[1]) + 1} N{len(messages) + 1}", head)
        lines = [f"{uid} :{_base(message.path)}\n" for uid, message in enumerate(messages, 1)]
        fresh = path.with_suffix(".new")
        fresh.write_text(f"{head}\n{''.join(lines)}", encoding="utf-8")
        self._own(fresh)
        fresh.replace(path)
        for index in path.parent.glob("dovecot.index*"):
            index.unlink(missing_ok=True)


def _base(path: Path) -> str:
    """The part of a file's name that does not change with the flags."""
    return path.name.partition(":")[0]


def _arrival(message: StoredMessage) -> tuple[int, int, int]:
    """Sort key out of the file name: second, microsecond, counter."""
    second, middle = message.path.name.split(".")[:2]
    micro, _, rest = middle[1:].partition("P") if middle.startswith("M") else ("0", "", "")
    counter = rest.partition("Q")[2]
    return int(second), int(micro) if micro.isdigit() else 0, int(counter) if counter.isdigit() else 0
