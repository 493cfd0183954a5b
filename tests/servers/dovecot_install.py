"""Finding Dovecot: the system's, or one unpacked from Debian's packages into a folder of its own.

The environment variable ``MAIL_OFFICE365_DOVECOT`` names the root of an unpacked one (``<root>/usr/sbin/dovecot``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

PREFIX_VARIABLE = "MAIL_OFFICE365_DOVECOT"


class Installation:
    """Where Dovecot is."""

    def __init__(self) -> None:
        root = os.environ.get(PREFIX_VARIABLE)
        self.root = Path(root).absolute() if root else None
        path = None if self.root else os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
        self.binary = str(self.root / "usr/sbin/dovecot") if self.root else shutil.which("dovecot", path=path)

    @property
    def libraries(self) -> Path | None:
        """Folder of libraries and helper programs, None for an installed Dovecot."""
        return self.root / "usr/lib/dovecot" if self.root else None

    def environment(self, *first: Path) -> dict[str, str]:
        """Environment for the process; folders ``first`` come before the libraries."""
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
        if self.libraries:
            folders = (*first, self.libraries, self.libraries / "modules/old-stats")
            environment["LD_LIBRARY_PATH"] = ":".join(map(str, folders))
        return environment

    def relocate(self, folder: Path, base_dir: Path) -> None:
        """Make a moved Dovecot find its TLS module, which the login programs load whether they need it or not.

        Its place is the one path no setting and no variable changes. So ``folder`` gets a copy of the library with
        that path replaced by a relative one, and ``base_dir``, where Dovecot's processes run, a link of that name.
        """
        if not self.libraries:
            return
        content = (self.libraries / "libdovecot.so.0").read_bytes()
        compiled_in, relative = b"/usr/lib/dovecot/modules\0", b"./modules"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "libdovecot.so.0").write_bytes(content.replace(compiled_in, relative.ljust(len(compiled_in), b"\0")))
        link = base_dir / "modules"
        link.unlink(missing_ok=True)
        link.symlink_to(self.libraries / "modules")

    def command(self, configuration: Path) -> list[str]:
        """Command line that runs Dovecot in the foreground."""
        start = [self.binary, "-F", "-c", str(configuration)]
        if not self.root:
            return start
        # Dovecot runs itself through doveconf under its compiled-in path; a moved one must be run that way by hand.
        return [
            str(self.root / "usr/bin/doveconf"),
            "-f",
            "service=master",
            "-c",
            str(configuration),
            "-m",
            "master",
            "-e",
            *start,
        ]

    def problem(self) -> str:
        """Why this Dovecot cannot be used, or an empty string."""
        if not self.binary or not os.access(self.binary, os.X_OK):
            place = self.binary or "not on PATH"
            return f"Dovecot not found ({place}): install dovecot-imapd and dovecot-pop3d or set {PREFIX_VARIABLE}"
        found = subprocess.run(
            [self.binary, "--version"], env=self.environment(), capture_output=True, text=True, check=False
        )
        if found.returncode:
            return f"{self.binary} does not run: {found.stderr.strip()}"
        if not re.match(r"2\.3\.", found.stdout):
            return (
                f"{self.binary} is version {found.stdout.split()[0]}; the test servers write the configuration of 2.3"
            )
        if self.libraries and not all((self.libraries / name).exists() for name in ("imap-login", "pop3-login")):
            return f"{self.libraries} lacks imap-login or pop3-login"
        return ""
