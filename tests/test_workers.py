import os

from odoo.tests import BaseCase, tagged

from .workers import WorkerDied, WorkerFailed, Workers


def where(env, number):
    return os.getpid(), env.cr.dbname, number


def write(env, name):
    env["res.partner"].create({"name": name})
    env.cr.execute("SELECT pg_backend_pid()")
    return env.cr.fetchone()[0]


def fail(env):
    raise ValueError("as it should")


def hang(env):
    env.cr.execute("SELECT pg_sleep(600)")


@tagged("post_install", "-at_install")
class TestWorkers(BaseCase):

    def test_workers_are_processes_with_a_database_of_their_own(self):
        with Workers() as workers:
            places = workers.run(where, *[[number] for number in range(4)])
            self.assertEqual([number for _pid, _database, number in places], [0, 1, 2, 3])
            self.assertEqual(len({pid for pid, _database, _number in places}), 4)
            self.assertNotIn(os.getpid(), [pid for pid, _database, _number in places])
            self.assertEqual({database for _pid, database, _number in places}, {workers.database})

            connections = workers.run(write, ["o365 worker"], ["o365 worker"])
            self.assertEqual(len(set(connections)), 2, "no connection is shared")
            self.assertEqual(workers.sql("SELECT count(*) FROM res_partner WHERE name = %s", "o365 worker"), [(2,)])

            with self.assertRaisesRegex(WorkerFailed, "ValueError: as it should"):
                workers.run(fail)
            [hanging] = workers.begin(hang)
            hanging.kill()
            with self.assertRaises(WorkerDied):
                hanging.result()
