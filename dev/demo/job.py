"""The main job, step by step, each checked against what the mail servers saw."""
from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import urlsplit

from odoo import http
from odoo.api import Environment
from servers import BRANT, CUSTOMER, ERP, MailServers
from werkzeug.test import Client

FROM_BRANT = f"Brant Wadsworth <{BRANT}>"
ADMIN = "admin@contoso.example"


class StepFailed(Exception):
    """A step did not do what it should; the text says what was seen instead."""


def expect(seen: object, wanted: object, what: str) -> None:
    """Compare what was seen with what a step promises.

    :raise StepFailed: they differ
    """
    if seen != wanted:
        raise StepFailed(f"{what} is {seen!r}, it should be {wanted!r}")


def short(reply: str) -> str:
    """Return code, enhanced status code and first word of a reply: ``250 2.0.0 OK``."""
    return " ".join(reply.split()[:3])


def confirm_by_browser(link: str) -> None:
    """Open the link and press the button on its page, as somebody who is not logged in."""
    url = urlsplit(link)
    browser = Client(http.root)
    page = browser.get(f"{url.path}?{url.query}", base_url=f"{url.scheme}://{url.netloc}")
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', page.text))
    expect(sorted(form), ["csrf_token", "token"], "the form on the page of the link")
    page = browser.post(url.path, data=form, base_url=f"{url.scheme}://{url.netloc}")
    expect("Confirmed." in page.text, True, "“Confirmed.” on the page of the link")


class Job:
    """One play of the job against one set of mail servers.

    :ivar steps: methods that take an environment; their docstring's first line is what is shown
    """

    def __init__(self, servers: MailServers) -> None:
        self._servers = servers
        # Add-RecipientPermission <Brant> -Trustee <ERP mailbox> -AccessRights SendAs
        servers.directory.grant_send_as(ERP, BRANT, ADMIN)
        self._rows: list[tuple[str, ...]] = []
        self.steps: list[Callable[[Environment], None]] = [
            self.make_servers, self.set_alias, self.post_message, self.receive_answer, self.keep_stray, self.prove_set_up,
        ]

    def make_servers(self, env: Environment) -> None:
        """Entra app, outgoing and incoming server from their presets, tested: the app signs in, there is no password."""
        # What Odoo itself has to say leaves as the mailbox, too: it needs no Send As for that.
        domain = env["mail.alias.domain"].create({"name": "contoso.example", "default_from": ERP.partition("@")[0]})
        env.company.alias_domain_id = domain
        submission, imap = self._servers.submission, self._servers.imap
        entra = self._servers.entra
        app = env["office365.app"].create({
            "name": "Odoo mail", "directory_id": entra.directory.tenant_id, "client_id": entra.app.client_id,
            "authority_url": entra.authority(), "client_secret": entra.app.secret,
        })
        env.cr.commit()  # tokens are asked for in transactions of their own
        app.action_check_sign_in()
        expect(app.check_state, "ok", "the result of Check Sign-in")
        outgoing = env["ir.mail_server"].create({
            "office365_preset": "submission", "smtp_host": submission.host, "smtp_port": submission.port,
            "smtp_user": ERP, "office365_app_id": app.id,
        })
        expect(outgoing.name, "Office 365 Outgoing Mail Server", "the name of the outgoing server")
        outgoing.test_smtp_connection()
        self._servers.transactions.clear()  # of the mail that the test sends
        incoming = env["fetchmail.server"].create({
            "office365_preset": "imap", "server": imap.host, "port": imap.port, "user": ERP, "office365_app_id": app.id,
        })
        expect(incoming.name, "Office 365 Incoming Mail Server", "the name of the incoming server")
        incoming.button_confirm_login()
        expect(incoming.state, "done", "the state of the incoming server")
        expect(submission.connections[-1].mechanism, "XOAUTH2", "how the outgoing server signed in")
        expect(entra.token_requests(), 1, "the number of tokens asked for")
        for connection in (submission.connections[-1], imap.connections[-1]):
            self._row(connection.listener, connection.login, "", "", "", f"signed in by token over {connection.tls_version}")

    def set_alias(self, env: Environment) -> None:
        """Brant Wadsworth sets his alias, and confirms it by the link in the mail he gets."""
        user = env["res.users"].with_context(no_reset_password=True).create({
            "name": "Brant Wadsworth", "login": "brant", "password": "brant", "email": "brant@private.example",
            "group_ids": [(6, 0, [env.ref("base.group_user").id, env.ref("base.group_partner_manager").id])],
        })
        env.cr.commit()
        user.with_user(user).office365_alias = BRANT
        expect(user.office365_alias_state, "pending", "the state of the alias before the link is opened")
        env.cr.commit()  # Odoo sends after the commit
        transaction = self._servers.transactions.wait_for(len)[-1]
        expect(transaction.recipients, [BRANT], "the recipients of the link")
        self._row("submission", transaction.login, transaction.envelope_from, transaction.header_from.replace('"', ""),
                  BRANT, f"{short(transaction.reply)}, the link")
        received = self._servers.mailbox(BRANT).wait_for()[-1].get_body(("html",)).get_content()
        confirm_by_browser(re.search(r'href="(http[^"]+/mail_office365/confirm[^"]+)"', received)[1])
        env.cr.commit()  # see what the page did, in a transaction of its own
        env.invalidate_all()
        expect(user.office365_alias_state, "confirmed", "the state of the alias after the link was opened")

    def post_message(self, env: Environment) -> None:
        """Brant posts a message on a record, to a customer outside."""
        user = env["res.users"].search([("login", "=", "brant")])
        customer = env["res.partner"].create({"name": "Carla Customer", "email": CUSTOMER})
        record = env["res.partner"].create({"name": "Fabrikam, Inc.", "is_company": True})
        record.with_user(user).message_post(
            body="Here is our offer.", subject="Offer", message_type="comment", subtype_xmlid="mail.mt_comment",
            partner_ids=customer.ids)
        env.cr.commit()  # Odoo sends after the commit
        transaction = self._servers.transactions.wait_for(lambda seen: len(seen) > 1)[-1]
        expect(transaction.login, ERP, "the login")
        expect(transaction.envelope_from, ERP, "the envelope sender")
        expect(transaction.header_from.replace('"', ""), FROM_BRANT, "From")
        expect(transaction.recipients, [CUSTOMER], "the recipients")
        self._row("submission", transaction.login, transaction.envelope_from, FROM_BRANT,
                  ", ".join(transaction.recipients), short(transaction.reply))

    def receive_answer(self, env: Environment) -> None:
        """The customer answers, the mail cron brings it to the same record."""
        received = self._servers.mailbox(CUSTOMER).messages()[-1]
        answer = EmailMessage()
        answer["From"], answer["To"] = f"Carla Customer <{CUSTOMER}>", received["Reply-To"]
        answer["Subject"], answer["Message-ID"] = f"Re: {received['Subject']}", "<answer@fabrikam.example>"
        answer["In-Reply-To"] = answer["References"] = received["Message-ID"]
        answer.set_content("We take it.")
        reply_to = received["Reply-To"].addresses[0].addr_spec
        with smtplib.SMTP(self._servers.mx.host, self._servers.mx.port) as customers_server:
            customers_server.send_message(answer, CUSTOMER, [reply_to])
        transaction = self._servers.transactions[-1]
        self._row("mx", "", transaction.envelope_from, str(answer["From"]), reply_to, short(transaction.reply))
        env.ref("mail.ir_cron_mail_gateway_action").method_direct_trigger()
        env.cr.commit()  # the cron works in transactions of its own: see what they wrote
        env.invalidate_all()
        record = env["res.partner"].search([("name", "=", "Fabrikam, Inc.")])
        message = record.message_ids.filtered(lambda message: message.subject == answer["Subject"])
        expect(message.mapped("author_id.name"), ["Carla Customer"], "the author of the answer on the record")
        fetched = self._servers.imap.connections[-1]
        self._row(fetched.listener, fetched.login, "", "", "", f"fetched, on “{record.name}”")

    def keep_stray(self, env: Environment) -> None:
        """A mail to an unknown address of the domain reaches the catch-all, is kept, and its sender is told."""
        stray = EmailMessage()
        stray["From"], stray["To"] = f"Carla Customer <{CUSTOMER}>", "no.such.team@contoso.example"
        stray["Subject"], stray["Message-ID"] = "Is anybody there?", "<stray@fabrikam.example>"
        stray.set_content("I have a question.")
        sent = len(self._servers.transactions)
        with smtplib.SMTP(self._servers.mx.host, self._servers.mx.port) as customers_server:
            customers_server.send_message(stray, CUSTOMER, ["no.such.team@contoso.example"])
        transaction = self._servers.transactions[-1]
        self._row("mx", "", transaction.envelope_from, str(stray["From"]), str(stray["To"]), short(transaction.reply))
        env.ref("mail.ir_cron_mail_gateway_action").method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
        row = env["office365.inbound"].search([("message_id", "=", stray["Message-ID"])])
        expect(row.mapped("state"), ["unroutable"], "what became of the mail")
        expect(bool(row.raw), True, "that its source is kept")
        env.ref("mail.ir_cron_mail_scheduler_action").method_direct_trigger()
        notice = self._servers.transactions.wait_for(lambda seen: len(seen) > sent + 1)[-1]
        expect(notice.recipients, [CUSTOMER], "who is told")
        expect(notice.message["Auto-Submitted"], "auto-replied", "that the notice says that nobody wrote it")
        self._row("submission", notice.login, notice.envelope_from, notice.header_from.replace('"', ""), CUSTOMER,
                  f"{short(notice.reply)}, the notice")

    def prove_set_up(self, env: Environment) -> None:
        """The set-up assistant finds these servers, sets what is left, and proves all steps by a round trip."""
        env.ref("base.user_admin").email = ADMIN
        setup = env["office365.setup"].browse(env["office365.setup"].action_open()["res_id"])
        expect(setup.mailbox, ERP, "the mailbox that the assistant found")
        setup.write({
            "directory_id": setup.app_id.directory_id, "client_id": setup.app_id.client_id, "catch_all_scope": "domain",
            "step": "alias_domain"})
        setup.action_set_values()
        setup._propose_aliases()
        result = env["office365.setup.alias"].search([("setup_id", "=", setup.id), ("state", "!=", "same")]).office365_set()
        expect(result, {"done": 1, "failed": 0}, "what became of the alias of the administrator")
        env.cr.commit()
        env["office365.probe"]._cron_ask()
        trip = env["office365.round.trip"]._begin(setup, "proof")
        env.cr.commit()  # Exchange's answer and the fetch are written in transactions of their own
        for _attempt in range(60):
            if trip.office365_proceed()["is_over"]:
                break
            env.cr.commit()
            time.sleep(0.5)
        expect((trip.state, trip.cause), ("done", False), "what became of the proof")
        setup._prove(*setup._labels())
        open_steps = setup.step_ids.filtered(lambda step: step.state != "done")
        expect([(step.name, step.remedy) for step in open_steps], [], "the steps that are not done")
        sent = next(seen for seen in reversed(self._servers.transactions) if seen.recipients == [trip.address])
        expect(sent.message["From"].addresses[0].addr_spec, ADMIN, "From of the proof")
        self._row("submission", sent.login, sent.envelope_from, sent.header_from.replace('"', ""), trip.address,
                  f"{short(sent.reply)}, the proof: all steps done")

    def _row(self, *cells: str | None) -> None:
        self._rows.append(tuple(cell or "–" for cell in cells))

    def table(self) -> str:
        """Return what the servers saw, one line an event."""
        head = ("server", "login", "envelope sender", "From", "recipient", "what happened")
        widths = [max(len(row[column]) for row in (head, *self._rows)) for column in range(len(head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                 for row in (head, tuple("─" * width for width in widths), *self._rows)]
        return "\n".join(lines)
