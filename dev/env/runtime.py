"""Everything needed to run Odoo with the addon: folders, commands, environment, configuration file."""
from __future__ import annotations

import os
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from . import axe, odoo_source, paths, tools, venv
from .odoo_source import Odoo
from .postgres import Server, clean_environment
from .progress import Failure, say
from .tools import Tools

_USUAL_PORT = 8069


@dataclass(frozen=True)
class Runtime:
    """The provisioned parts; `server` and `data` are there once a database server runs."""

    odoo_parts: Odoo
    venv: Path
    tools: Tools
    postgres: Path
    axe: Path | None
    _server: Server | None = None
    _data: Path | None = None

    @property
    def key(self) -> str:
        """Return what tells one Odoo with its Python from another."""
        return paths.digest(self.odoo_parts.key, self.venv.name, self.postgres)

    @property
    def python(self) -> Path:
        """Return the interpreter that has Odoo's requirements and our tools."""
        return self.venv / "bin" / "python"

    @property
    def server(self) -> Server:
        """Return the database server."""
        if self._server is None:
            raise RuntimeError("no database server runs")
        return self._server

    @property
    def data(self) -> Path:
        """Return Odoo's data folder."""
        if self._data is None:
            raise RuntimeError("no database server runs")
        return self._data

    def using(self, server: Server, data: Path) -> Runtime:
        """Return the same with a database server and the data folder that belongs to its databases."""
        (data / "filestore").mkdir(parents=True, exist_ok=True)
        return replace(self, _server=server, _data=data)

    def filestore(self, database: str) -> Path:
        """Return the folder of a database's attachments."""
        return self.data / "filestore" / database

    def mark(self, database: str) -> Path:
        """Return the file that says that a database and its attachments are complete."""
        return self.data / f"{database}.complete"

    def environment(self) -> dict[str, str]:
        """Return the environment for everything that we start."""
        search = [str(self.tools.bin), str(self.venv / "bin"), str(self.postgres), os.environ.get("PATH", os.defpath)]
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
            "MAIL_OFFICE365_DOVECOT": str(self.tools.prefix),
            **({"MAIL_OFFICE365_AXE": str(self.axe)} if self.axe else {}),
        }

    def config(self, database: str, port: int | None = None, **options: object) -> Path:
        """Write Odoo's configuration file for one database and return it."""
        addons = [paths.addons(), *self.odoo_parts.addons]
        values = {
            "addons_path": ",".join(map(str, addons)),
            "data_dir": self.data,
            "db_host": self.server.host, "db_port": self.server.port, "db_user": self.server.user,
            "db_name": database, "dbfilter": f"^{database}$",
            "db_template": "template0", "list_db": False, "admin_passwd": "admin",
            "http_interface": "127.0.0.1", "http_port": port or free_port(),
            "workers": 0, "max_cron_threads": 0, "limit_time_cpu": 0, "limit_time_real": 0,
            "limit_memory_soft": 0, "limit_memory_hard": 0, "server_wide_modules": "base,rpc,web",
            **({"db_password": self.server.password} if self.server.password else {}),
            **options,
        }
        path = paths.run_folder() / f"{database}.conf"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write("[options]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))
        return path

    def odoo(
        self, database: str, *arguments: str, command: str = "server", config: Path | None = None
    ) -> list[str | Path]:
        """Return the command line that runs Odoo on a database."""
        return [self.python, "-m", "odoo", command, "-c", config or self.config(database), "-d", database, *arguments]


def provide() -> Runtime:
    """Return all parts, built on first use."""
    odoo = odoo_source.provide()
    environment = venv.provide()
    return Runtime(odoo, environment, tools.provide(), venv.provide_postgres(environment), axe.provide())


def free_port() -> int:
    """Return a port that nobody uses, as the kernel finds it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def web_port(wanted: int | None) -> int:
    """Return the port to serve on: the one asked for, else the usual one or, if that is taken, a free one."""
    if wanted:
        if not _is_free(wanted):
            raise Failure(f"Port {wanted} is taken; leave out --port to use a free one.")
        return wanted
    if _is_free(_USUAL_PORT):
        return _USUAL_PORT
    port = free_port()
    say(f"Port {_USUAL_PORT} is taken, so {port} is used.")
    return port
