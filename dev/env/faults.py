"""A database for the fault matrix: its tests commit, kill workers and crash PostgreSQL, so it is nobody else's."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from . import database, paths
from .process import log_to
from .progress import step
from .runtime import Site

_COPY = '"$0"/pg_dump --no-owner --host="$1" "$2" | "$0"/psql -Xq -1 -v ON_ERROR_STOP=1 --dbname="$3"'


@contextmanager
def prepared(parts: Site, source: str, *, write_table: bool) -> Iterator[dict[str, str]]:
    """Copy a database with the addon, that nobody is using, and yield the environment variables that name the copy.

    The copy is in a cluster of its own. With the caller's PostgreSQL it is beside the source, and is spared the crash.

    :param write_table: the tests are to write the page with their results
    """
    name = database.name_of("faults")
    beside = bool(os.environ.get("PGHOST"))
    with nullcontext(parts) if beside else database.site(parts, part="-faults") as site:
        with step("Preparing the database of the fault matrix"):
            if beside:
                database.copy(site, source, name)
            else:
                database.create_empty(site, name)
                command = ["bash", "-o", "pipefail", "-c", _COPY, site.postgres, parts.server.host, source, name]
                log_to(paths.new_log("copy-faults"), command, env=site.server.environment(),
                       failing="The database could not be copied into the cluster of the fault matrix")
            # What is committed has to survive a crash here; elsewhere in the tests speed is all that counts.
            site.server.sql(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
        yield {
            "MAIL_OFFICE365_FAULTS_CONFIG": str(site.config(name)),
            "MAIL_OFFICE365_FAULTS_DATABASE": name,
            "MAIL_OFFICE365_FAULTS_LOG": str(paths.new_log("faults")),
            **({} if beside else {"MAIL_OFFICE365_FAULTS_MAY_CRASH": "1"}),
            **({"MAIL_OFFICE365_FAULTS_TABLE": str(paths.REPOSITORY / "docs/fault-matrix.md")} if write_table else {}),
        }
