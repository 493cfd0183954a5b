"""Secrets at rest are encrypted with a key that is not in the database.

A key is what ``Fernet.generate_key()`` returns: 32 random bytes in URL-safe base64. Several, separated by commas, rotate: the first
encrypts, all decrypt. Fernet is AES-128-CBC with HMAC-SHA-256 (https://github.com/fernet/spec).
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

OPTION: Final = "office365_secret_key"  # in odoo.conf
VARIABLE: Final = "OFFICE365_SECRET_KEY"  # in the environment
FOLDER: Final = "mail_office365"  # below Odoo's data directory
_FILE: Final = (FOLDER, "secret.key")
HOW_TO_MAKE: Final = 'python3 -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class KeyUnusable(Exception):
    """There is no key to work with, and why. No part of a key is in its text.

    :ivar slug: ``malformed``, ``mode`` (others may read the file), ``missing`` (no file), ``unreadable`` or ``unwritable``
    :ivar where: where the key comes from: option, variable or file
    :ivar reason: words of the operating system, if it refused
    """

    def __init__(self, slug: str, where: str, reason: str = "") -> None:
        super().__init__(slug, where, reason)
        self.slug, self.where, self.reason = slug, where, reason


class Unreadable(Exception):
    """No key opens what is stored."""


class Vault:
    """Encrypts and decrypts with the keys it was made with, which nothing shows.

    :ivar rotates: there is more than one
    """

    def __init__(self, keys: str, where: str) -> None:
        """
        :param keys: keys, separated by commas, spaces around them are ignored
        :param where: named in the error
        :raise KeyUnusable: there is none, or one is no key
        """
        try:
            fernets = [Fernet(key.strip()) for key in keys.split(",") if key.strip()]
            self._fernet = MultiFernet(fernets)
        except ValueError:
            raise KeyUnusable("malformed", where) from None  # its text tells of the key
        self.rotates = len(fernets) > 1

    def encrypt(self, value: str) -> str:
        """Return the value encrypted with the first key."""
        return self._fernet.encrypt(value.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Return the value.

        :raise Unreadable: no key opens it, or it was changed
        """
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise Unreadable from None

    def rotate(self, encrypted: str) -> str:
        """Return the same value encrypted with the first key.

        :raise Unreadable: no key opens it, or it was changed
        """
        try:
            return self._fernet.rotate(encrypted.encode()).decode()
        except InvalidToken:
            raise Unreadable from None


def open_vault(option: str | None, environment: Mapping[str, str], data_directory: str, *, make: bool = False) -> Vault:
    """Return the vault with the keys of this installation: option, else variable, else file.

    :param option: value of :data:`OPTION`
    :param data_directory: Odoo's; where several hosts serve one database and don't share it, they need option or variable
    :param make: make the file if there is none. Only for who enters a secret: what is stored was encrypted with a key that was there,
        and a new one, made while a volume is not mounted, would be in its way
    :raise KeyUnusable: the keys found first don't work; another source is no way out, it would not open what is stored
    """
    if option:
        return Vault(option, OPTION)
    if keys := environment.get(VARIABLE):
        return Vault(keys, VARIABLE)
    path = Path(data_directory, *_FILE)
    if (keys := _read(path)) is None:
        if not make:
            raise KeyUnusable("missing", str(path))
        keys = _make(path)
    return Vault(keys, str(path))


def _read(path: Path) -> str | None:
    """Return what is in the key file, None if there is no file."""
    try:
        with open(path, encoding="ascii") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyUnusable("mode", str(path))
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise KeyUnusable("malformed", str(path)) from None
    except OSError as error:
        raise KeyUnusable("unreadable", str(path), error.strerror or "") from error


def _make(path: Path) -> str:
    """Write a new key and return the one that is in force: several workers may come here at once, and the first wins.

    The file appears under its name complete or not at all, as a hard link can be made only once.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    except OSError as error:
        raise KeyUnusable("unwritable", str(path), error.strerror or "") from error
    return _read(path) or ""
