"""Templates that administrators and modules wrote keep the right to stand for whom their From names."""

from odoo import SUPERUSER_ID, api

from odoo.addons.mail_office365.hooks import trust_templates


def migrate(cr, version):
    trust_templates(api.Environment(cr, SUPERUSER_ID, {}))
