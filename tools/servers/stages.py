"""What the test of a server is told of while a person watches."""

from collections.abc import Callable
from typing import Final

#: Seconds for a stage. The queue waits longer for a server that does not answer.
PATIENCE: Final = 15
#: Called with name, seconds and detail of a stage that was passed.
Note = Callable[[str, float, str], None]
