"""The local servers start, stop and leave nothing behind; their replies are those of Exchange."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from odoo.tests import BaseCase, tagged

from .servers import MailServers, available, replies


@tagged("post_install", "-at_install")
class TestLife(BaseCase):
    def setUp(self):
        super().setUp()
        if reason := available():
            self.skipTest(f"The local mail servers cannot run: {reason}")

    def test_stop_leaves_nothing_behind(self):
        threads = set(threading.enumerate())
        with MailServers() as servers:
            folder = servers.state_dir
            idle = socket.create_connection(("localhost", servers.submission.port))
            self.addCleanup(idle.close)
            port, dovecot = servers.imap.port, _processes_of(folder)
            self.assertTrue(dovecot)
        self.assertFalse(folder.exists())
        self.assertEqual(set(threading.enumerate()) - threads, set())
        self.assertEqual(_processes_of(folder), [])
        with self.assertRaises(OSError):
            socket.create_connection(("localhost", port))
        servers.start()
        servers.stop()

    def test_dovecot_ends_when_its_parent_is_killed(self):
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); from servers import MailServers; import time\n"
            "servers = MailServers(sys.argv[2]).start(); print('up', flush=True); time.sleep(60)"
        )
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mo365-")))
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(Path(__file__).parent), str(folder)],
            stdout=subprocess.PIPE,
            env=os.environ,
        )
        self.assertEqual(child.stdout.readline(), b"up\n")
        child.stdout.close()
        self.assertTrue(_processes_of(folder))
        child.kill()
        child.wait()
        deadline = time.monotonic() + 5
        while _processes_of(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(_processes_of(folder), [])

    def test_fixed_ports_are_kept(self):
        with MailServers() as servers:
            ports = {name: getattr(servers, name).port for name in ("submission", "mx", "imap", "pop")}
        with MailServers(ports=ports) as servers:
            self.assertEqual({name: getattr(servers, name).port for name in ports}, ports)
            with self.assertRaises(OSError):
                MailServers(ports=ports).start()

    def test_every_reply_name_says_its_codes(self):
        for name, reply in replies.ALL.items():
            with self.subTest(name=name):
                code, *words = name.removeprefix("S").split("_")
                self.assertEqual(int(code), reply.code)
                if reply.enhanced:
                    self.assertEqual(".".join(words[:3]), reply.enhanced)


def _processes_of(folder):
    """Process ids of the Dovecot that runs in a state folder: its processes have their working folder there."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in os.readlink(entry / "cwd"):
                found.append(int(entry.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
