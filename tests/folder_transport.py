"""A second transport, which has nothing in common with SMTP: it puts messages into a folder."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..tools.transport import Envelope, Transport


class FolderTransport(Transport):
    """Writes each message to a file, for every recipient who is not refused."""

    def __init__(
        self, folder: Path, *args: Any, refused: Mapping[str, tuple[int, bytes]] | None = None, failures: list[Exception] | None = None,
        **kwargs: Any,
    ) -> None:
        """
        :param refused: replies by recipient
        :param failures: raised, each by one message
        """
        super().__init__(*args, **kwargs)
        self.folder, self.refused, self.failures = folder, refused or {}, failures if failures is not None else []
        self._numbers = itertools.count(1)
        self.logins: list[str | None] = []

    def _open(self, login: str | None) -> None:
        if not self.folder.is_dir():
            raise ConnectionRefusedError(f"There is no folder {self.folder.name}.")
        self.logins.append(login)

    def _carry(self, message: Any, envelope: Envelope) -> tuple[str, Mapping[str, tuple[int, bytes]]]:
        if self.failures:
            raise self.failures.pop(0)
        refused = {address: self.refused[address] for address in envelope.recipients or () if address in self.refused}
        for address in set(envelope.recipients or ()) - refused.keys():
            text = f"{envelope.sender}\n{address}\n{message['From']}\n{message['Message-Id']}"
            (self.folder / f"{id(self):x}-{next(self._numbers):04}").write_text(text)
        if len(refused) == len(envelope.recipients or ()):
            raise NobodyTaken(refused)
        return "250 2.0.0 Written", refused

    def close(self) -> None:
        self.is_ended = True


class NobodyTaken(OSError):
    """All recipients were refused."""

    def __init__(self, recipients: dict[str, tuple[int, bytes]]) -> None:
        code, words = next(iter(recipients.values()))
        super().__init__(f"{code} {words.decode()}")
        self.recipients = recipients
