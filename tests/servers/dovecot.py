"""Dovecot as IMAP and POP3 server: the configuration, the process, the user files.

Dovecot listens in plaintext on 127.0.0.1 only; :mod:`.front` stands before it, speaks TLS and keeps the records.
Settings: https://doc.dovecot.org/2.3/settings/, rootless operation:
https://doc.dovecot.org/2.3/admin_manual/rootless_installation/
"""

from __future__ import annotations

import base64
import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from .directory import Account
from .dovecot_install import Installation
from .sockets import free_port
from .temporary import temporary_folder

#: What outlook.office365.com advertises, as far as Dovecot implements it: no CONDSTORE, SORT, SPECIAL-USE, COMPRESS
#: or ENABLE.
IMAP_CAPABILITY = "IMAP4rev1 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"

#: Longest base_dir whose sockets stay below the 107 octets of a unix socket address.
_BASE_DIR_LIMIT = 70

# Runs before Dovecot in its own process: asks the kernel for SIGTERM when the parent dies, then becomes Dovecot.
_LAUNCHER = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def mailbox_owner() -> tuple[int, int] | None:
    """Who must own the maildirs: (uid, gid) of nobody if we are root, since Dovecot serves no mail as root; else
    None: ourselves.
    """
    if os.geteuid():
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


class Dovecot:
    """One Dovecot, serving ``mail_dir/<address>/Maildir``.

    :ivar imap_port: plaintext port on 127.0.0.1, known after :meth:`start`; ``pop_port`` likewise.
    :ivar log_file: its log.
    """

    def __init__(self, state_dir: Path, mail_dir: Path):
        self._installation = Installation()
        self._folder = state_dir / "dovecot"
        self._mail_dir = mail_dir
        self._process: subprocess.Popen | None = None
        self._short_base: Path | None = None
        self.log_file = self._folder / "dovecot.log"
        self._revision = 0
        self.imap_port = self.pop_port = 0

    def write_users(self, accounts: Iterable[Account], last_login: float = 0.0) -> None:
        """Write the password files, one per protocol.

        :param last_login: time.time() of the last sign-in. Dovecot looks for changes once a second, so if that
            was just now, this waits for the next second.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._revision += 1
        for service, enabled in (("imap", "imap_enabled"), ("pop3", "pop_enabled")):
            lines = [
                f"{account.address.lower()}:{{PLAIN.b64}}{base64.b64encode(account.password.encode()).decode()}\n"
                for account in accounts
                if getattr(account, enabled)
            ]
            path = self._folder / f"users-{service}"
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text("".join(lines), encoding="utf-8")
            if owner := mailbox_owner():
                os.chown(fresh, *owner)
            # Dovecot notices another size or time stamp, in whole seconds, and looks once a second.
            os.utime(fresh, (self._revision, self._revision))
            fresh.replace(path)
        if self._process and time.time() - last_login < 1.2:
            time.sleep(1.02 - time.time() % 1)

    def start(self, oauth_url: str = "") -> None:
        """Start the process and wait until both ports answer.

        Call it in a thread that lives as long as the server: the kernel's parent-death signal watches the starting
        thread.

        :param oauth_url: where Dovecot asks about XOAUTH2 tokens (RFC 7662 by GET with the token appended).
        :raise RuntimeError: if it does not come up; with the end of its log.
        """
        base = self._folder / "run"
        if len(str(base)) > _BASE_DIR_LIMIT:
            base = self._short_base = temporary_folder()
            base.chmod(0o755)
        base.mkdir(parents=True, exist_ok=True)
        self.imap_port, self.pop_port = free_port(), free_port()
        configuration = self._folder / "dovecot.conf"
        configuration.write_text(self._configuration(base, oauth_url), encoding="utf-8")
        self._installation.relocate(self._folder / "lib", base)
        with (self._folder / "stderr.log").open("wb") as stderr:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _LAUNCHER,
                    str(os.getpid()),
                    *self._installation.command(configuration),
                ],
                env=self._installation.environment(self._folder / "lib"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        deadline = time.monotonic() + 15
        for port in (self.imap_port, self.pop_port):
            while not _answers(port):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"Dovecot did not start:\n{self.log()}")
                time.sleep(0.01)

    def log(self) -> str:
        """What Dovecot has logged (it logs no password)."""
        files = (self._folder / "stderr.log", self.log_file)
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files if path.exists())

    def stop(self) -> None:
        """End the process and all it started."""
        process, self._process = self._process, None
        if process is None:
            return
        # To the whole group: the master alone would give its children a second to finish.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        deadline = time.monotonic() + 2
        while _group_lives(process.pid) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):  # gone in between
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.005)
        if self._short_base:
            shutil.rmtree(self._short_base)
            self._short_base = None

    def _configuration(self, base: Path, oauth_url: str) -> str:
        owner = mailbox_owner()
        uid, gid = owner or (os.getuid(), os.getgid())
        user, group = pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name
        libraries = self._installation.libraries
        paths = (
            f"""
libexec_dir = {libraries}
mail_plugin_dir = {libraries}/modules
login_plugin_dir = {libraries}/modules/login
"""
            if libraries
            else ""
        )
        oauth = self._oauth(oauth_url) if oauth_url else ""
        login = "\n".join(
            f"""
service {name}-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  process_limit = 4
  client_limit = 200
  inet_listener {name} {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener {name}s {{
    port = 0
  }}
}}
service {name} {{
  process_min_avail = 1
  process_limit = 100
  service_count = 100
}}
"""
            for name, port in (("imap", self.imap_port), ("pop3", self.pop_port))
        )
        return f"""\
protocols = imap pop3
base_dir = {base}
state_dir = {self._folder}
instance_name = mail_office365_test
log_path = {self.log_file}
auth_verbose = yes
{paths}
import_environment = TZ LD_LIBRARY_PATH
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
default_vsz_limit = 0
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login{" xoauth2" if oauth else ""}
auth_failure_delay = 0
auth_cache_size = 0
imap_capability = {IMAP_CAPABILITY}
mail_location = maildir:~/Maildir
maildir_very_dirty_syncs = no
mail_max_userip_connections = 50
mail_fsync = never
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%Lu {self._folder}/users-%Ls
}}
{oauth}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={self._mail_dir}/%Lu
}}
{login}
service auth {{
  client_limit = 1024
}}
service imap-urlauth-login {{
  process_limit = 1
}}
service anvil {{
  chroot =
  # no growing delay after refused sign-ins
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

    def _oauth(self, url: str) -> str:
        """Token judgement is left to the directory's verifier, asked by HTTP on 127.0.0.1."""
        settings = self._folder / "oauth2.conf"
        settings.write_text(
            f"introspection_mode = get\nintrospection_url = {url}\nusername_attribute = username\n", encoding="utf-8"
        )
        return f"""
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {settings}
}}
"""


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return bool(connection.recv(64))
    except (ConnectionRefusedError, TimeoutError):
        return False


def _group_lives(group: int) -> bool:
    """Whether a process of the group runs (zombies that nobody reaps do not count)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that has just ended
            state, _parent, its_group = (
                stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
            )
            if int(its_group) == group and state not in "ZX":
                return True
    return False
