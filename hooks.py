"""What is done once, when the addon is installed."""

from odoo import SUPERUSER_ID
from odoo.api import Environment


def trust_what_is_there(env: Environment) -> None:
    """Trust the addresses that administrators have set, as far as that can still be told."""
    env.cr.execute("""
        UPDATE res_partner SET office365_verified_email = email_normalized
         WHERE id IN (SELECT partner_id FROM res_company)
            OR id IN (
               -- An e-mail that several users have is that of the one who signs in with it: a login is not the user's own to change.
               SELECT users.partner_id
                 FROM res_users users JOIN res_partner partner ON partner.id = users.partner_id
                WHERE NOT users.share AND (lower(users.login) = partner.email_normalized OR NOT EXISTS (
                      SELECT FROM res_users other JOIN res_partner others ON others.id = other.partner_id
                       WHERE other.id <> users.id AND others.email_normalized = partner.email_normalized)))
    """)
    env.cr.execute(
        "UPDATE mail_alias SET office365_verified = TRUE WHERE create_uid IN %(them)s AND write_uid IN %(them)s",
        {"them": _administrators(env)})
    env["res.partner"].invalidate_model(["office365_verified_email"])
    env["mail.alias"].invalidate_model(["office365_verified"])
    trust_templates(env)


def trust_templates(env: Environment) -> None:
    """Trust the From of templates that nobody but modules and administrators has written to."""
    them = list(_administrators(env))
    env["mail.template"].with_context(active_test=False).search([
        ("email_from", "!=", False), ("create_uid", "in", them), ("write_uid", "in", them)])._office365_note_writer()


def leave_nothing(env: Environment) -> None:
    """Remove what Odoo does not remove by itself: parameters."""
    env["ir.config_parameter"].search([("key", "=like", "mail\\_office365.%")]).unlink()


def _administrators(env: Environment) -> tuple[int, ...]:
    """Return the ids of OdooBot and of all administrators."""
    users = env["res.users"].with_context(active_test=False).search([("all_group_ids", "in", env.ref("base.group_erp_manager").id)])
    return (SUPERUSER_ID, *users.ids)
