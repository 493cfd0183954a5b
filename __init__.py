from . import controllers
from . import models
from . import wizards
from .hooks import leave_nothing, trust_what_is_there
