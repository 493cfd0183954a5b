"""What databases of 19.0.1.5.0 have under other names: models, the columns of the set-up."""

from odoo.modules.module import load_script
from odoo.tools import file_path
from odoo.tools.sql import column_exists, rename_column, table_exists

_MODELS = {"office365.trouble": "office365.alert", "office365.radar": "office365.overview"}
_COLUMNS = {
    "road": "preset", "road_recipients": "planned_recipients", "road_volume": "planned_volume", "road_address": "server_address"}


def migrate(cr, _version):
    renaming = load_script(file_path("mail_office365/migrations/19.0.1.2.0/pre-renamed.py"), "renaming_of_19_0_1_2_0")
    for old, new in _MODELS.items():
        renaming._rename_model(cr, old, new)
    for old, new in _COLUMNS.items():
        if table_exists(cr, "office365_setup") and column_exists(cr, "office365_setup", old):
            rename_column(cr, "office365_setup", old, new)
