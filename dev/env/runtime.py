"""Everything needed to run Odoo with the addon: folders, commands, environment, configuration file."""
from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from . import axe, debian, paths, venv
from .debian import Odoo
from .postgres import Server, clean_environment


@dataclass(frozen=True)
class Runtime:
    """The provisioned parts."""

    odoo_parts: Odoo
    venv: Path
    tools: Path
    axe: Path | None

    @property
    def key(self) -> str:
        """Return what tells one Odoo with its Python from another."""
        return paths.digest(self.odoo_parts.key, self.venv.name)

    @property
    def python(self) -> Path:
        """Return the interpreter that has Odoo's requirements and our tools."""
        return self.venv / "bin" / "python"

    @property
    def postgres(self) -> Path:
        """Return the folder of PostgreSQL's programs."""
        return venv.postgres(self.venv)

    def environment(self) -> dict[str, str]:
        """Return the environment for everything that we start."""
        search = [str(self.tools / "bin"), str(self.venv / "bin"), str(self.postgres), os.environ.get("PATH", os.defpath)]
        modules = [self.odoo_parts.python_path, paths.DEV]
        return {name: value for name, value in clean_environment().items() if not name.startswith("ODOO_")} | {
            "PATH": ":".join(search),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": ":".join(map(str, modules)),
            # Compiled files would otherwise appear in the repository.
            "PYTHONPYCACHEPREFIX": str(paths.shared() / "pycache"),
            "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore::DeprecationWarning"),
            "RUFF_CACHE_DIR": str(paths.checkout() / "ruff"),
            "PYLINTHOME": str(paths.checkout() / "pylint"),
            "PRE_COMMIT_HOME": str(paths.checkout() / "pre-commit"),
            "MAIL_OFFICE365_DOVECOT": str(self.tools),
            **({"MAIL_OFFICE365_AXE": str(self.axe)} if self.axe else {}),
        }


@dataclass(frozen=True)
class Site(Runtime):
    """The parts with a database server and the data folder that belongs to its databases."""

    server: Server
    data: Path

    def filestore(self, database: str) -> Path:
        """Return the folder of a database's attachments."""
        return self.data / "filestore" / database

    def config(self, database: str, **options: object) -> Path:
        """Write Odoo's configuration file for one database and return it."""
        addons = [paths.addons(), *self.odoo_parts.addons]
        values = {
            "addons_path": ",".join(map(str, addons)),
            "data_dir": self.data,
            "db_host": self.server.host, "db_port": self.server.port, "db_user": self.server.user,
            "db_name": database, "dbfilter": f"^{database}$",
            "db_template": "template0", "list_db": False, "admin_passwd": "admin",
            "http_interface": "127.0.0.1", "http_port": free_port(),
            "workers": 0, "max_cron_threads": 0, "limit_time_cpu": 0, "limit_time_real": 0,
            "limit_memory_soft": 0, "limit_memory_hard": 0, "server_wide_modules": "base,rpc,web",
            **({"db_password": self.server.password} if self.server.password else {}),
            **options,
        }
        path = self.data / f"{database}.conf"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write("[options]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))
        return path

    def odoo(self, database: str, *arguments: str, command: str = "server", **options: object) -> list[str | Path]:
        """Return the command line that runs Odoo on a database."""
        return [self.python, "-m", "odoo", command, "-c", self.config(database, **options), "-d", database, *arguments]


def provide() -> Runtime:
    """Return all parts, built on first use."""
    return Runtime(debian.odoo(), venv.provide(), debian.tools(), axe.provide())


def free_port(wanted: int = 0) -> int:
    """Return this port if nobody uses it, else another one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
