"""What workers do inside Odoo for the fault matrix; each function runs in a process of its own and is committed then."""
from __future__ import annotations

from odoo.addons.base.models import ir_mail_server as core
from odoo.api import Environment

CUSTOMER = "customer@fabrikam.example"


def prepare(env: Environment, host: str, port: int, login: str, password: str, mails: int, senders: int) -> None:
    """Make the server and the queued mails: half of them on their own, half notifications of messages on a record.

    If they are there, only let the server be reached where it is now.
    """
    at = {"smtp_host": host, "smtp_port": port, "smtp_user": login, "smtp_pass": password}
    if server := env["ir.mail_server"].search([("office365_preset", "!=", False)]):
        server.write({"smtp_authentication": "login", "office365_app_id": False, **at})
        return
    env["ir.mail_server"].search([]).active = False
    env.company.alias_domain_id = env["mail.alias.domain"].create({"name": "contoso.example"})
    unlimited = {name: 0 for name in ("office365_rate_limit", "office365_daily_limit") if name in env["ir.mail_server"]}
    env["ir.mail_server"].create({"office365_preset": "submission", "from_filter": "contoso.example", **at, **unlimited})
    users = env["res.users"].with_context(no_reset_password=True).create([
        {"name": f"User {number}", "login": f"faults{number}", "email": f"user{number}@contoso.example"} for number in range(senders)
    ])
    customer = env["res.partner"].create({"name": "Carla Customer", "email": CUSTOMER})
    for number in range(mails // 2):
        sender = users[number % senders]
        env["mail.mail"].create({
            "subject": f"Mail {number}", "body_html": "<p>Hello</p>", "email_to": CUSTOMER, "email_from": sender.email_formatted,
            "author_id": sender.partner_id.id, "auto_delete": False,
        })
        # A record each: its only follower is who posts, and nobody is told of what he posts himself.
        record = env["res.partner"].create({"name": f"Deal {number}"})
        record.with_user(sender).sudo().message_post(  # pylint: disable=translation-required
            body=f"Message {number}", message_type="comment", subtype_xmlid="mail.mt_comment", partner_ids=customer.ids,
            author_id=sender.partner_id.id, email_from=sender.email_formatted, force_send=False, mail_auto_delete=False)
    if (made := env["mail.mail"].search_count([])) != mails:
        raise ValueError(f"{made} mails were made instead of {mails}")


def use_app(env: Environment, directory: str, client_id: str, secret: str, authority: str) -> None:
    """Let the server sign in as an app of Entra."""
    app = env["office365.app"].create({
        "name": "Faults", "directory_id": directory, "client_id": client_id, "client_secret": secret, "authority_url": authority,
    })
    server = env["ir.mail_server"].search([("office365_preset", "!=", False)])
    server.write({"smtp_authentication": "office365", "office365_app_id": app.id, "smtp_pass": False})


def queue(env: Environment, timeout: int) -> None:
    """Send what is queued and due, as the mail cron does.

    :param timeout: seconds that the worker waits for the server, instead of core's minute
    """
    core.SMTP_TIMEOUT = timeout
    env["mail.mail"].process_email_queue()
