from . import address_confirmation
from . import health
from . import oauth
