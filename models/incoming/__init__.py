from . import fetchmail_server_connection
from . import fetchmail_server_failure
