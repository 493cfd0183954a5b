from . import office365_setup
from . import office365_setup_sign_in
from . import office365_setup_outgoing
from . import office365_setup_incoming
from . import office365_setup_alias_domain
from . import office365_setup_aliases
from . import office365_setup_catch_all
from . import office365_setup_proof
