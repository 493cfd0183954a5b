"""What the tests of both fault matrices share: servers and workers of their own, and a page."""
from __future__ import annotations

import datetime
import os
import unittest
from pathlib import Path

from odoo import release
from odoo.tests import BaseCase

from ..servers import available


class MatrixCase(BaseCase):
    """A fault matrix.

    :cvar matrix: servers, database and workers
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "MAIL_OFFICE365_FAULTS_DATABASE" not in os.environ:
            raise unittest.SkipTest("the fault matrix needs a database of its own, which `dev/o365 test` makes")
        if reason := available():
            raise unittest.SkipTest(f"The local mail servers cannot run: {reason}")
        cls.matrix = cls.enterClassContext(cls.make_matrix())
        cls.addClassCleanup(cls.write_page)

    @classmethod
    def make_matrix(cls):
        """Return the servers, database and workers."""
        raise NotImplementedError

    @classmethod
    def write_page(cls):
        """Write the page if `dev/o365 test --fault-table` asks for it; each class adds its rows."""
        raise NotImplementedError


def write_page(head: str, rows: list[str], name: str = "", **values: object) -> None:
    """Write a page if `dev/o365 test --fault-table` asks for it.

    :param name: of the file, if it is not the one that was asked for
    """
    if target := os.environ.get("MAIL_OFFICE365_FAULTS_TABLE"):
        path, date = Path(target), datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        text = head.format(odoo=release.version, date=date, **values) + "\n".join(rows) + "\n"
        (path.with_name(name) if name else path).write_text(text, encoding="utf-8")
