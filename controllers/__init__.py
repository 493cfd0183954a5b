from . import address_confirmation
from . import oauth
