"""Telling people in Discuss, as OdooBot: an email would take the way that it is about."""

from typing import Any

from markupsafe import Markup
from odoo import SUPERUSER_ID


def write_in_discuss(user: Any, body: Markup) -> None:
    """Write to a user in their chat with OdooBot."""
    user = user.with_user(SUPERUSER_ID)
    user.env["discuss.channel"]._get_or_create_chat([user.partner_id.id]).message_post(
        author_id=user.env.user.partner_id.id, body=body, message_type="comment", subtype_xmlid="mail.mt_comment")
