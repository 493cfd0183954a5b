"""What is done once, when the addon is installed."""

from odoo.api import Environment


def trust_what_is_there(env: Environment) -> None:
    """Trust the addresses as they stand: users' and companies' e-mails and mail aliases were set before anybody could object."""
    env.cr.execute("""
        UPDATE res_partner SET office365_trusted_email = email_normalized
         WHERE id IN (SELECT partner_id FROM res_users UNION SELECT partner_id FROM res_company)
    """)
    env.cr.execute("UPDATE mail_alias SET office365_trusted = TRUE")
    env["res.partner"].invalidate_model(["office365_trusted_email"])
    env["mail.alias"].invalidate_model(["office365_trusted"])
