import shutil
import stat
import tempfile
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..tools.secrets.home import Home


@tagged("post_install", "-at_install")
class TestHome(BaseCase):

    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()), "marks")
        self.home = self.at()

    def at(self, folder=None, database="contoso", uuid="uuid"):
        return Home(folder or self.folder, database, uuid)

    def test_a_database_is_known_where_it_was_served(self):
        self.assertFalse(self.home.is_at("here"))
        self.assertFalse(self.folder.exists(), "looking writes nothing")
        self.home.remember("here")
        self.assertTrue(self.home.is_at("here"))
        self.assertFalse(self.home.is_at("there"))
        self.assertEqual(stat.S_IMODE(self.folder.stat().st_mode), 0o700)

    def test_another_database_is_not(self):
        self.home.remember("here")
        self.assertFalse(self.at(database="copy").is_at("here"))
        self.assertFalse(self.at(uuid="duplicate").is_at("here"))

    def test_who_is_there_now_is_the_only_one(self):
        self.home.remember("here")
        renamed = self.at(database="renamed")
        renamed.remember("here")
        self.assertTrue(renamed.is_at("here"))
        self.assertFalse(self.home.is_at("here"), "what is restored under the old name is a copy")

    def test_a_copied_mark_says_nothing_and_a_moved_one_does(self):
        self.home.remember("here")
        copy, moved = self.folder.with_name("copy"), self.folder.with_name("moved")
        shutil.copytree(self.folder, copy)
        self.assertFalse(self.at(copy).is_at("here"))
        self.folder.rename(moved)
        self.assertTrue(self.at(moved).is_at("here"))

    def test_it_is_written_once_and_leaves_nothing_else_behind(self):
        self.home.remember("here")
        [before] = [(file, file.stat().st_mtime_ns) for file in self.folder.iterdir()]
        self.home.remember("here")
        self.assertEqual([(file, file.stat().st_mtime_ns) for file in self.folder.iterdir()], [before])
        self.home.remember("there")
        self.assertTrue(self.home.is_at("here") and self.home.is_at("there"))

    def test_a_broken_mark_is_none_and_is_mended(self):
        self.home.remember("here")
        [file] = self.folder.iterdir()
        for content in (b"", b"{", b"[]", b"1", b"\xff", b'{"database": "contoso"}'):
            with self.subTest(content=content):
                file.write_bytes(content)
                self.assertFalse(self.home.is_at("here"))
                self.home.remember("here")
                self.assertTrue(self.home.is_at("here"))

    def test_a_folder_is_made_wherever_it_is_to_be(self):
        deep = self.at(self.folder / "of" / "a host")
        deep.remember("here")
        self.assertTrue(deep.is_at("here"))

    def test_what_can_not_be_written_down_leaves_nothing_behind(self):
        with self.assertRaises(TypeError):
            self.at(uuid=object()).remember("here")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_can_not_be_read_or_written_raises(self):
        self.folder.write_text("a file where the folder should be")
        for use in (self.home.is_at, self.home.remember):
            with self.subTest(use=use), self.assertRaises(OSError):
                use("here")
