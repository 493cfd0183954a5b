"""Pictures that are too large to be opened: Odoo makes smaller ones of what is attached, with all of their pixels in memory."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

#: Pixels, of three octets and more each. Telephones make 50 million; what claims more than 180 million, Pillow does not open at all.
MOST_PIXELS: Final = 60_000_000


def is_too_large(octets: bytes) -> bool:
    """Tell whether a picture claims more pixels than are opened, or is none that can be read; told from its first octets."""
    try:
        with Image.open(io.BytesIO(octets)) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError, TypeError, MemoryError, Image.DecompressionBombError):  # what Pillow raises over broken files
        return True
    return width * height > MOST_PIXELS
