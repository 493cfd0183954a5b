"""Install, upgrade and uninstall the addon beside servers that are not its own."""
from __future__ import annotations

from . import database, paths
from .process import Command, log_to
from .progress import Failure, say, step
from .runtime import Runtime

_FOREIGN = """
    INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, smtp_user, active)
    VALUES ('Theirs', 'smtp.fabrikam.example', 465, 'ssl', 'login', 'them', TRUE);
    INSERT INTO fetchmail_server (name, server, port, is_ssl, server_type, "user", active, state)
    VALUES ('Theirs', 'imap.fabrikam.example', 143, FALSE, 'imap', 'them', TRUE, 'done')
"""
_OURS = """
    INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, smtp_user, active,
                                office365_preset, office365_cloud, office365_sender_mode)
    VALUES ('Ours', 'smtp.office365.com', 587, 'starttls_strict', 'login', 'erp@contoso.example', TRUE,
            'submission', 'global', 'send_as')
"""
_CORE_COLUMNS = {
    "ir_mail_server": "name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, smtp_user, active",
    "fetchmail_server": 'name, server, port, is_ssl, server_type, "user", active, state',
}
_LEFT_BEHIND = """
    SELECT table_name || '.' || column_name FROM information_schema.columns
     WHERE table_name LIKE '%office365%' OR column_name LIKE '%office365%'
"""


def check(runtime: Runtime, name: str) -> None:
    """Play the life of an installation.

    :raise Failure: a step logged a warning, changed somebody else's server, or left something behind
    """
    with step("Installing, upgrading and uninstalling the addon beside other servers"):
        database.create(runtime, name)
        runtime.server.sql(_FOREIGN, name)
        before = _servers(runtime, name)
        _run(runtime, "install", runtime.odoo(name, "-i", paths.ADDON, "--stop-after-init", "--no-http"))
        _expect(before, _servers(runtime, name), "installing changed other servers")
        runtime.server.sql(_OURS, name)
        _run(runtime, "upgrade", runtime.odoo(name, "-u", paths.ADDON, "--stop-after-init", "--no-http"))
        before = _servers(runtime, name)
        _run(runtime, "uninstall", [
            runtime.python, "-m", "odoo", "module", "uninstall", "-c", runtime.config(name), "-d", name, paths.ADDON])
        _expect(before, _servers(runtime, name), "uninstalling changed servers")
        _expect([], runtime.server.sql(_LEFT_BEHIND, name), "uninstalling left columns behind")


def _servers(runtime: Runtime, name: str) -> list[str]:
    """Return what core knows of all servers."""
    return [
        row for table, columns in _CORE_COLUMNS.items()
        for row in runtime.server.sql(f"SELECT ({columns})::text FROM {table} ORDER BY id", name)
    ]


def _run(runtime: Runtime, what: str, command: Command) -> None:
    log = paths.logs() / f"life-{what}.log"
    log.unlink(missing_ok=True)
    log_to(log, command, env=runtime.environment(), failing=f"Odoo could not {what} the addon")
    if problems := database.complaints(log):
        say("\n".join(problems))
        raise Failure(f"To {what} the addon logged the lines above, and should log no warning. Full log: {log}")


def _expect(wanted: list[str], seen: list[str], otherwise: str) -> None:
    if seen != wanted:
        raise Failure(f"{otherwise}: {seen}, it should be {wanted}")
