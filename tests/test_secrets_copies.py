import os
import shutil
import tempfile
import time
from pathlib import Path

from odoo import sql_db
from odoo.tests import BaseCase, tagged
from odoo.tools import config

from ..models.entra.office365_encrypted import CopiedDatabase
from ..tools.entra import token_life
from ..tools.entra.tokens import Token
from .token_service import CLIENT, DIRECTORY, SECRET
from .workers import Processes, Workers, copy_database, on_server

BOX = "erp@contoso.example"


def sign_in(env):
    """Store a secret, and the sign-in of a user that works for years."""
    tenant = env["office365.app"].create({
        "name": "Contoso", "directory_id": DIRECTORY, "client_id": CLIENT, "client_secret": SECRET, "auth_flow": "delegated"})
    env.cr.commit()  # tokens have transactions of their own
    token = Token("Access~0", token_life.to_epoch(token_life.now()) + 1e8, "Refresh~0", BOX, tuple(tenant._scopes("smtp")))
    env["office365.token"]._keep__(tenant, token, BOX)
    env["office365.secret"]._get__(tenant, "client_secret")
    return tenant.id


def look(env, app_id):
    """Return what this database does with what is stored: the secret and token, or that it may be a copy."""
    tenant = env["office365.app"].browse(app_id)
    try:
        return env["office365.secret"]._get__(tenant, "client_secret"), env["office365.token"]._access_token__(tenant, "smtp", BOX)
    except CopiedDatabase:
        return "copy" if tenant.is_copy else "refused without a banner"


def adopt(env, app_id):
    env["office365.app"].browse(app_id).action_adopt()


def vacuum(env):
    env["office365.secret"]._gc_moved()


USED = (SECRET, "Access~0")


@tagged("post_install", "-at_install")
class TestCopies(BaseCase):
    """Real databases, copied and moved as administrators do it; the addon is never told."""

    def setUp(self):
        super().setUp()
        self.workers = self.enterContext(Workers())
        self.names = [f"{self.workers.database}{suffix}" for suffix in ("", "_copy", "_other")]
        self.addCleanup(lambda: [self.drop(name) for name in self.names[1:]])
        [self.app_id] = self.workers.run(sign_in)
        self.original, self.copy, self.other = self.names

    def drop(self, name):
        sql_db.close_db(name)
        on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(config.filestore(name), ignore_errors=True)

    def released(self, name):
        """End what is connected to a database: it can't be renamed, nor be a template, otherwise."""
        sql_db.close_db(name)
        on_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        time.sleep(0.2)
        return name

    def options(self, **values):
        """Return a configuration file like that of the workers, with other values."""
        lines = [line for line in Path(self.workers._options).read_text().splitlines() if line.partition(" ")[0] not in values]
        path = Path(self.enterContext(tempfile.TemporaryDirectory()), "odoo.conf")
        path.write_text("\n".join([*lines, *(f"{name} = {value}" for name, value in values.items())]))
        return path

    def seen(self, name, *steps, options=None):
        """Return what a database does with what is stored, before and after each step."""
        with Processes(name, options or self.workers._options) as processes:
            results = processes.run(look, [self.app_id])
            for step in steps:
                processes.run(step, *([[self.app_id]] if step is adopt else []))
                results += processes.run(look, [self.app_id])
            return results

    def test_copies_on_the_same_server_are_recognised_and_can_be_adopted(self):
        self.assertEqual(self.workers.run(look, [self.app_id]), [USED])
        on_server(f'CREATE DATABASE "{self.copy}" TEMPLATE "{self.released(self.original)}"')
        copy_database(self.original, self.other)
        self.assertEqual(self.seen(self.copy, vacuum), ["copy", "copy"])
        self.assertEqual(self.seen(self.other, vacuum, adopt), ["copy", "copy", USED])
        self.assertEqual(self.workers.run(look, [self.app_id]), [USED], "the original is not disturbed")

    def test_a_renamed_database_goes_on_and_what_is_restored_under_the_old_name_is_a_copy(self):
        copy_database(self.original, self.other)
        on_server(f'ALTER DATABASE "{self.released(self.original)}" RENAME TO "{self.copy}"')
        self.assertEqual(self.seen(self.copy), [USED])
        on_server(f'ALTER DATABASE "{self.released(self.other)}" RENAME TO "{self.original}"')
        self.assertEqual(self.seen(self.original), ["copy"])

    def test_a_database_that_is_dumped_and_restored_in_its_place_goes_on(self):
        """As for a new version of PostgreSQL, or after a crash: all that stayed is the data directory, as with pg_upgrade."""
        copy_database(self.original, self.other)
        self.workers._drop()
        on_server(f'ALTER DATABASE "{self.other}" RENAME TO "{self.original}"')
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()), "data")
        shutil.copytree(Path(config["data_dir"], "mail_office365"), folder / "mail_office365")
        elsewhere = self.options(data_dir=folder)
        self.assertEqual(self.seen(self.original, options=elsewhere), ["copy"], "dump and data directory were copied")
        # Once it has been stored anew, the data directory can be moved as well.
        self.assertEqual(self.seen(self.original, vacuum), [USED, USED])
        self.assertEqual(self.seen(self.original, options=elsewhere), [USED])

    def test_a_second_host_without_the_data_directory_signs_in(self):
        key = Path(config["data_dir"], "mail_office365", "secret.key").read_text().strip()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        second = self.options(data_dir=folder, office365_secret_key=key)
        self.assertEqual(self.seen(self.original, options=second), [USED])
        self.assertEqual(self.workers.run(look, [self.app_id]), [USED])
        self.assertTrue(os.listdir(Path(folder, "mail_office365")))
