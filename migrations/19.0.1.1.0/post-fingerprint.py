"""Secrets and tokens were for a database uuid at a host of ``web.base.url``; they are for a database at its place."""

from urllib.parse import urlsplit

from odoo import SUPERUSER_ID, api
from odoo.tools import hmac


def migrate(cr, _version):
    """Take over what this database stored under its present address; of the rest an administrator says whose it is, as before."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    get_param = env["ir.config_parameter"].get_param
    host = urlsplit(get_param("web.base.url") or "").hostname or ""
    # the scope as it was then, whatever it is now
    env["office365.secret"]._take_over([hmac(env, "mail_office365.fingerprint", (get_param("database.uuid"), host))])
