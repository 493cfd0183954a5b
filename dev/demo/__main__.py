"""Play the main job of the addon once, print what the mail servers saw, then serve the web client.

Started by `dev/o365 demo`, which makes the database and names it in the environment.
"""
from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import odoo
from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry

sys.path[:0] = [str(Path(os.environ["MAIL_OFFICE365_ADDON"], "tests"))]

from job import Job, StepFailed  # noqa: E402  (needs the path above)
from servers import ERP, MailServers  # noqa: E402


def main() -> int:
    """Run the demo; return 0 if every step did what it should."""
    parser = argparse.ArgumentParser(prog="dev/o365 demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit after the table")
    parser.add_argument("--port", type=int, default=os.environ.get("MAIL_OFFICE365_PORT"),
                        help="port of the web client (default: 8069, or a free one)")
    options = parser.parse_args()
    # The supervisor ends us by SIGTERM; the servers want to be stopped, not killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config, database = os.environ["MAIL_OFFICE365_CONFIG"], os.environ["MAIL_OFFICE365_DATABASE"]
    odoo.tools.config.parse_config(["-c", config, "--log-level=warn"], setup_logging=True)

    try:
        with MailServers() as servers, servers.trusted():
            played = play(Registry(database), Job(servers))
            if not played or options.once:
                return 0 if played else 1
            return serve(config, database, options.port, servers)
    except KeyboardInterrupt:
        return 130


def play(registry: Registry, job: Job) -> bool:
    """Play step after step, each in a transaction of its own, as people and crons would."""
    for number, step in enumerate(job.steps, 1):
        print(f"{number}. {step.__doc__.splitlines()[0].rstrip('.')} … ", end="", flush=True)
        try:
            run_step(registry, step)
        except StepFailed as error:
            print(f"FAILED: {error}")
            return False
        print("done")
    print(f"\nWhat the mail servers saw:\n\n{job.table()}\n")
    return True


def run_step(registry: Registry, step: Callable[[Environment], None]) -> None:
    """Run one step and commit it; what Odoo sends after the commit is sent when this returns."""
    with registry.cursor() as cr:
        step(Environment(cr, SUPERUSER_ID, {"lang": "en_US"}))


def serve(config: str, database: str, port: int, servers: MailServers) -> int:
    """Serve the web client, with crons, until Ctrl-C."""
    for line in (
        f"Odoo is at http://localhost:{port} (Ctrl-C ends).",
        "  login admin, password admin: the servers, under Settings > Technical > Email in Developer Mode (/odoo?debug=1)",
        "  login brant, password brant: the user whose alias it is",
        f"The mail servers run on this machine: SMTP {servers.submission.host}:{servers.submission.port}, "
        f"IMAP {servers.imap.host}:{servers.imap.port}, as {ERP} with password {servers.password(ERP)}",
    ):
        print(line)
    command = [sys.executable, "-m", "odoo", "server", "-c", config, "-d", database,
               f"--http-port={port}", "--max-cron-threads=1", "--log-level=warn"]
    with subprocess.Popen(command) as server:
        try:
            return server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait()
            return 0


if __name__ == "__main__":
    sys.exit(main())
