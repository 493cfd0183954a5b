from . import controllers
from . import models
from . import wizards
from .hooks import trust_what_is_there
