"""What extends a view gives up its old content before the first file is read.

Odoo checks a view together with all that extends it. What a file further on is about to replace may name fields that are gone. A view
that no update replaces keeps its content.
"""


def migrate(cr, _version):
    cr.execute("""
        UPDATE ir_ui_view SET arch_db = '{"en_US": "<data/>"}'
         WHERE inherit_id IS NOT NULL AND mode = 'extension'
           AND id IN (SELECT res_id FROM ir_model_data WHERE module = 'mail_office365' AND model = 'ir.ui.view' AND noupdate IS NOT TRUE)
    """)
