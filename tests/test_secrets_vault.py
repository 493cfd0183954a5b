import os
import stat
import tempfile
import threading
from pathlib import Path

from cryptography.fernet import Fernet
from odoo.tests import BaseCase, tagged

from ..tools.secrets.vault import VARIABLE, KeyUnusable, Unreadable, Vault, open_vault


def new_key() -> str:
    return Fernet.generate_key().decode()


@tagged("post_install", "-at_install")
class TestVault(BaseCase):

    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.file = Path(self.folder, "mail_office365", "secret.key")

    def open(self, option=None, variable=None, *, make=True):
        return open_vault(option, {VARIABLE: variable} if variable else {}, self.folder, make=make)

    def assertUnusable(self, slug, function, *args, **kwargs):  # noqa: N802
        with self.assertRaises(KeyUnusable) as caught:
            function(*args, **kwargs)
        self.assertEqual(caught.exception.slug, slug)
        return caught.exception

    def test_what_is_encrypted_is_read_again_and_never_the_same_twice(self):
        vault = Vault(new_key(), "test")
        self.assertEqual(vault.decrypt(vault.encrypt("größer als 7")), "größer als 7")
        self.assertNotEqual(vault.encrypt("secret"), vault.encrypt("secret"))
        self.assertNotIn("secret", vault.encrypt("secret"))

    def test_the_option_comes_before_the_variable_before_the_file(self):
        option, variable = new_key(), new_key()
        encrypted = self.open(option, variable).encrypt("x")
        self.assertEqual(Vault(option, "").decrypt(encrypted), "x")
        encrypted = self.open(None, variable).encrypt("x")
        self.assertEqual(Vault(variable, "").decrypt(encrypted), "x")
        self.assertFalse(self.file.exists())
        encrypted = self.open().encrypt("x")
        self.assertEqual(Vault(self.file.read_text(), "").decrypt(encrypted), "x")

    def test_the_key_file_is_private_and_used_again(self):
        encrypted = self.open().encrypt("x")
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.file.parent.stat().st_mode), 0o700)
        self.assertEqual(self.open().decrypt(encrypted), "x")
        self.assertEqual(list(self.file.parent.iterdir()), [self.file], "nothing else is left behind")

    def test_a_data_directory_that_is_not_there_yet_is_made(self):
        self.folder = Path(self.folder, "var", "odoo")
        self.file = Path(self.folder, "mail_office365", "secret.key")
        sealed = self.open().encrypt("x")
        self.assertEqual(self.open(make=False).decrypt(sealed), "x")

    def test_what_only_reads_makes_no_key(self):
        error = self.assertUnusable("missing", self.open, make=False)
        self.assertEqual(error.where, str(self.file))
        self.assertUnusable("missing", open_vault, None, {}, self.folder)
        self.assertFalse(self.file.exists())
        encrypted = self.open().encrypt("x")
        self.assertEqual(self.open(make=False).decrypt(encrypted), "x")
        away = self.file.rename(self.file.with_name("away"))  # as on a volume that is not mounted for a moment
        self.assertUnusable("missing", self.open, make=False)
        away.rename(self.file)
        self.assertEqual(self.open(make=False).decrypt(encrypted), "x")

    def test_workers_that_make_the_file_at_once_end_up_with_one_key(self):
        start, vaults = threading.Barrier(8), []

        def make():
            start.wait()
            vaults.append(self.open())

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        encrypted = vaults[0].encrypt("x")
        self.assertEqual([vault.decrypt(encrypted) for vault in vaults], ["x"] * 8)

    def test_a_key_file_that_others_may_read_is_refused(self):
        self.open()
        for mode in (0o640, 0o604, 0o620, 0o601, 0o644):
            with self.subTest(mode=oct(mode)):
                self.file.chmod(mode)
                error = self.assertUnusable("mode", self.open)
                self.assertEqual(error.where, str(self.file))

    def test_what_is_no_key_is_refused_and_not_repeated(self):
        for text in ("swordfish", " , ", new_key()[:-2], f"{new_key()},swordfish", "ключ"):
            with self.subTest(text=text):
                error = self.assertUnusable("malformed", Vault, text, "test")
                self.assertNotIn("swordfish", str(error))
                self.assertIn("malformed", str(error))
        self.open()
        for content in (b"", b"swordfish", b"\xff\xfe"):
            with self.subTest(content=content):
                self.file.write_bytes(content)
                for make in (True, False):
                    self.assertUnusable("malformed", self.open, make=make)

    def test_a_bad_option_is_not_replaced_by_another_source(self):
        self.assertUnusable("malformed", self.open, "swordfish", new_key())
        self.assertFalse(self.file.exists())

    def test_a_file_that_can_not_be_made_says_why(self):
        Path(self.folder, "mail_office365").write_text("a file where the folder should be")
        error = self.assertUnusable("unreadable", self.open)
        self.assertEqual(error.reason, os.strerror(20))  # ENOTDIR
        error = self.assertUnusable("unwritable", open_vault, None, {}, "/proc/nowhere", make=True)
        self.assertTrue(error.reason)

    def test_of_several_keys_the_first_encrypts_and_all_decrypt(self):
        old, new = new_key(), new_key()
        before = Vault(old, "").encrypt("x")
        both = Vault(f"{new}, {old}", "")
        self.assertTrue(both.rotates)
        for one in (new, f"{new},", f" {new}\n", f"{new}, \n"):
            self.assertFalse(Vault(one, "").rotates)
        self.assertEqual(both.decrypt(before), "x")
        after = both.rotate(before)
        self.assertEqual(Vault(new, "").decrypt(after), "x")
        with self.assertRaises(Unreadable):
            Vault(new, "").decrypt(before)
        with self.assertRaises(Unreadable):
            Vault(old, "").rotate(after)

    def test_what_was_changed_or_is_no_ciphertext_is_unreadable(self):
        vault = Vault(new_key(), "")
        encrypted = vault.encrypt("x")
        for text in ("", "x", encrypted[:-5], encrypted[:20] + ("A" if encrypted[20] != "A" else "B") + encrypted[21:], "ä"):
            with self.subTest(text=text), self.assertRaises(Unreadable):
                vault.decrypt(text)
