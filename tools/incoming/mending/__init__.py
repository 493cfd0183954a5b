"""What core's parser trips over in a message is mended before it reads it."""

from .message import mend, readable

__all__ = ["mend", "readable"]
