from . import controllers
from . import models
from .hooks import trust_what_is_there
