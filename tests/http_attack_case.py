"""Base of the tests in which somebody tries to send as somebody else over HTTP: what a client does, and what comes of it."""

import re

from odoo import Command, fields
from odoo.tests import HttpCase, JsonRpcException
from odoo.tools import mute_logger

from .attack_case import CEO, AttackCase
from .common import BRANT, CUSTOMER, ERP

CHIEF, PAYROLL, NOREPLY = f"Chief <{CEO}>", "payroll@contoso.example", "noreply@contoso.example"
ROUTES = ("call_kw", "call_button", "json2", "jsonrpc", "xmlrpc")


class Refused(Exception):
    """Odoo answered with an error."""


class HttpAttackCase(AttackCase, HttpCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {"portal": cls.portal, "internal": cls.mallory, "editor": cls.editor, "administrator": cls.administrator}
        cls.guest = cls.env["mail.guest"].create({"name": "Guest"})
        cls.channel = cls.env["discuss.channel"].create({"name": "Deals", "channel_type": "channel", "group_public_id": False})
        members = cls.portal + cls.mallory + cls.editor + cls.administrator + cls.ceo + cls.brant
        cls.channel.add_members(partner_ids=(members.partner_id + cls.customer).ids, guest_ids=cls.guest.ids)

    def setUp(self):
        super().setUp()
        self.signed_in = None
        self.last_mail = self.env["mail.mail"].search([], order="id desc", limit=1).id

    # ------------------------------------------------------------
    # What a client does
    # ------------------------------------------------------------

    def sign_in(self, user):
        """Begin a session, without a user a visitor's."""
        if user != self.signed_in or not user:
            self.authenticate(user and user.login, user and user.login)
            self.signed_in = user

    def post_json(self, url, params):
        try:
            return self.make_jsonrpc_request(url, params)
        except JsonRpcException as error:
            raise Refused(str(error)) from error

    def call(self, user, model, method, ids, route="call_kw", /, **kwargs):
        """Call a method of records as a user, by one of the routes; ids None: of the model."""
        args, rpc = [] if ids is None else [list(ids)], [self.env.cr.dbname, user.id, user.login, model, method]
        with mute_logger("odoo.http", "odoo.addons.rpc.controllers.jsonrpc", "odoo.addons.rpc.controllers.xmlrpc", "odoo.service.model"):
            if route in ("call_kw", "call_button"):
                self.sign_in(user)
                return self.post_json(
                    f"/web/dataset/{route}/{model}/{method}", {"model": model, "method": method, "args": args, "kwargs": kwargs})
            self.sign_in(None)
            if route == "jsonrpc":
                return self.post_json("/jsonrpc", {"service": "object", "method": "execute_kw", "args": [*rpc, args, kwargs]})
            if route == "xmlrpc":
                try:
                    return self.xmlrpc_object.execute_kw(*rpc, args, kwargs)
                except Exception as error:
                    raise Refused(str(error)) from error
            key = self.env["res.users.apikeys"].with_user(user)._generate(
                "rpc", "test", fields.Datetime.add(fields.Datetime.now(), hours=1))
            answer = self.url_open(
                f"/json/2/{model}/{method}", json={"ids": list(ids or ()), **kwargs}, headers={"Authorization": f"Bearer {key}"})
            if answer.status_code != 200:
                raise Refused(answer.text)
            return answer.json()

    def save(self, user, model, values, ids=(), **context):
        """Save a form, as the web client does, and return the record's id."""
        return self.call(user, model, "web_save", ids, vals=values, specification={}, context=context)[0]["id"]

    def post_in_channel(self, user, context=None, **post_data):
        """Write a message in the channel, to the customer, as everybody may; without a user as a guest."""
        self.sign_in(user)
        if not user:
            self.opener.cookies[self.guest._cookie_name] = self.guest._format_auth_cookie()
        customer = self.customer.sudo()
        return self.post_json("/mail/message/post", {
            "thread_model": "discuss.channel", "thread_id": self.channel.id, "context": context, "post_data": {
                "body": "Pay", "message_type": "comment", "subtype_xmlid": "mail.mt_comment", "partner_ids": customer.ids,
                "partner_ids_mention_token": {str(customer.id): customer._get_mention_token()}, **post_data}})

    def post_on_record(self, user, route="call_kw", method="message_post", **values):
        """Write a message on the deal, to the customer."""
        values = {"body": "Pay", "partner_ids": self.customer.ids, **values}
        if method == "message_post":
            values |= {"message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        return self.call(user, "res.partner", method, self.record.ids, route, **values)

    def compose(self, user, mode="comment", **values):
        composer = self.save(
            user, "mail.compose.message",
            {"subject": "Pay", "body": "Pay", "partner_ids": [Command.set(self.customer.ids)], "force_send": True, **values},
            default_model="res.partner", default_res_ids=self.record.ids, default_composition_mode=mode)
        self.call(user, "mail.compose.message", "action_send_mail", [composer], "call_button")

    def template_of(self, user, email_from=CHIEF, **values):
        """Make a template in its form, and return its id."""
        return self.save(user, "mail.template", {
            "name": "Offer", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "Offer", "email_from": email_from,
            "email_to": CUSTOMER, "body_html": "<p>Hi</p>", **values})

    def send_template(self, user, template, route="call_kw", **values):
        self.call(user, "mail.template", "send_mail", [template], route, res_id=self.record.id, force_send=True, **values)

    def send_form(self, user, page, url, values):
        """Send a form of a page, as its button does."""
        self.sign_in(user)
        token = re.search(r'(?:name="csrf_token" value="|csrf_token: ")([^"]+)"', self.url_open(page).text)[1]
        return self.url_open(url, data={**values, "csrf_token": token})

    def sign_up(self, login):
        """Make an account as a visitor does, with the e-mail that a visitor enters."""
        self.env["ir.config_parameter"].sudo().set_param("auth_signup.invitation_scope", "b2c")
        self.send_form(None, "/web/signup", "/web/signup", {
            "login": login, "name": "Eve", "password": login, "confirm_password": login})
        return self.env["res.users"].search([("login", "=", login)])

    def claim(self, user, address):
        """Let a user's own e-mail be another's address, past the check that refuses it."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET email = %s, email_normalized = %s WHERE id = %s", [address, address, user.partner_id.id])
        self.env.invalidate_all()

    # ------------------------------------------------------------
    # What comes of it
    # ------------------------------------------------------------

    def assertLeft(self, *expected, to=CUSTOMER):  # noqa: N802
        """Fail unless all that left for somebody left as one of these, and forget it; a queue is sent by Odoo itself."""
        self.env.invalidate_all()
        self.env["mail.mail"].search([("state", "=", "outgoing"), ("id", ">", self.last_mail)]).send()
        taken = [sent for sent in self.servers.accepted if to in sent.recipients]
        self.assertTrue(taken, list(self.servers.transactions))
        for sent in taken:
            self.assertIn(sent.from_address, expected)
            self.assertIn((sent.envelope_from, sent.login), ((ERP, ERP), ("bounce@contoso.example", None)))
            self.assertIsNone(sent.message["Sender"])
            if CEO not in expected:
                for name in ("From", "Reply-To", "Return-Path", "Resent-From"):
                    self.assertNotIn(CEO, str(sent.message[name]))
        self.servers.transactions.clear()

    def assertHoldersKept(self):  # noqa: N802
        self.env.invalidate_all()
        known = self.env["ir.mail_server"]._office365_known([CEO, BRANT, PAYROLL, NOREPLY])
        self.assertEqual(
            {address: (set(each.holders), each.shared) for address, each in known.items()},
            {CEO: ({self.ceo.id}, False), BRANT: ({self.brant.id}, False), PAYROLL: (set(), False), NOREPLY: (set(), False)})
