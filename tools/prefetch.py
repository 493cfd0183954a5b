"""How our fields on core's models are read: together, and only once one of them is asked for.

Core reads the stored fields of a record together. Ours among them would be read with every mail, message, partner and user, also where
nothing is ours.
"""

from typing import Final

#: Value of a field's ``prefetch``: Odoo reads the fields of a group at once.
PREFETCH: Final = "office365"
