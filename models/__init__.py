# The rooms by topic, then the doors to core. No file relies on being loaded before another one, but for a model that others extend or
# inherit from: rooms and files are in an order in which it comes first.
from . import servers
from . import entra
from . import identity
from . import outgoing
from . import incoming
from . import assistant
from . import ir_mail_server
from . import mail_mail
from . import mail_message
from . import mail_thread
from . import fetchmail_server
from . import ir_attachment
