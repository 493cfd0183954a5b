from . import office365_connection_test
from . import office365_sender
