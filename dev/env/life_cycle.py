"""Install, upgrade and uninstall the addon beside servers that are not its own."""
from __future__ import annotations

from . import database, paths
from .process import log_to
from .progress import Failure, step
from .runtime import Site

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


def check(site: Site, name: str) -> None:
    """Play the life of an installation.

    :raise Failure: a step logged a warning, changed somebody else's server, or left something behind
    """
    with step("Installing, upgrading and uninstalling the addon beside other servers"):
        database.create(site, name)
        site.server.sql(_FOREIGN, name)
        before = _servers(site, name)
        database.quiet("install", database.install(site, name, [paths.ADDON]))
        _expect(before, _servers(site, name), "installing changed other servers")
        site.server.sql(_OURS, name)
        database.quiet("upgrade", database.install(site, name, [paths.ADDON], update=True))
        before = _servers(site, name)
        log = paths.new_log("uninstall")
        log_to(log, [site.python, "-m", "odoo", "module", "uninstall", "-c", site.config(name), "-d", name, paths.ADDON],
               env=site.environment(), failing="Odoo could not uninstall the addon")
        database.quiet("uninstall", log)
        _expect(before, _servers(site, name), "uninstalling changed servers")
        _expect([], site.server.sql(_LEFT_BEHIND, name), "uninstalling left columns behind")
    database.drop(site, name)


def _servers(site: Site, name: str) -> list[str]:
    """Return what core knows of all servers."""
    return [
        row for table, columns in _CORE_COLUMNS.items()
        for row in site.server.sql(f"SELECT ({columns})::text FROM {table} ORDER BY id", name)
    ]


def _expect(wanted: list[str], seen: list[str], otherwise: str) -> None:
    if seen != wanted:
        raise Failure(f"{otherwise}: {seen}, it should be {wanted}")
