"""What Odoo's versions read in different ways, read in one place."""

import base64
from typing import Any


def parameter(env: Any, name: str, default: Any = False) -> Any:
    """Return a System Parameter, whoever asks."""
    return env["ir.config_parameter"].sudo().get_param(name, default)


def content_of(binary: bytes | str | None) -> bytes:
    """Return what a binary field holds; Odoo 19 gives it in base64.

    :raise binascii.Error: it is no base64
    """
    return base64.b64decode(binary or b"")
