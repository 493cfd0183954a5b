"""What workers do inside Odoo for the fault matrix of receiving; each function runs in a process of its own and is committed then."""
from __future__ import annotations

import os
import signal
from collections.abc import Collection
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.mail.models import fetchmail as core
from odoo.api import Environment

from ...models.incoming.desk import Desk


def make_server(env: Environment, preset: str, host: str, port: int, login: str, password: str) -> int:
    """Make the incoming server, whose mail becomes contacts, and return its id."""
    env["fetchmail.server"].search([]).active = False
    server = env["fetchmail.server"].create({
        "office365_preset": preset, "server": host, "port": port, "user": login, "password": password,
        "object_id": env["ir.model"]._get_id("res.partner")})
    server.button_confirm_login()
    return server.id


def make_app(env: Environment, directory: str, client_id: str, secret: str, authority: str) -> int:
    """Make an app of Entra and return its id."""
    return env["office365.app"].create({
        "name": "Receiving", "directory_id": directory, "client_id": client_id, "client_secret": secret, "authority_url": authority}).id


def fetch(
    env: Environment, server_id: int, timeout: int, limit: int, clock: float, failing: Collection[str], deadly: Collection[str],
    dies_in: str,
) -> str:
    """Fetch once as the mail cron does; return the failure that is shown to people, if any.

    :param timeout: seconds that the worker waits for the server, instead of core's minute
    :param limit: messages in one run
    :param clock: seconds by which the clock of this host is wrong
    :param failing: subjects of messages over which core stumbles
    :param deadly: subjects of messages that end the worker
    :param dies_in: method of the desk that ends the worker: "handled" after the first commit, "end" before anything is marked
    """
    core.MAIL_TIMEOUT = timeout
    Thread, now = env.registry["mail.thread"], fields.Datetime.now
    parse = Thread.message_parse

    def message_parse(self, message, save_original=False):
        if message["Subject"] in deadly:
            die()
        if message["Subject"] in failing:
            raise ArithmeticError("core stumbles")
        return parse(self, message, save_original=save_original)

    def die(*_args):
        os.kill(os.getpid(), signal.SIGKILL)

    if dies_in:
        setattr(Desk, dies_in, die)
    wrong = staticmethod(lambda *_args: now() + timedelta(seconds=clock))
    with patch.object(Thread, "message_parse", message_parse), patch.object(fields.Datetime, "now", wrong):
        server = env["fetchmail.server"].browse(server_id)
        failure = server._fetch_mail(batch_limit=limit)
    return server.error_message or (str(failure) if failure else "")
