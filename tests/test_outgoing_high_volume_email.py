"""High Volume Email, signed in by token: the resource and the permission are its own."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import entra
from ..tools.entra.tokens import claims
from .servers import BRANT, CUSTOMER, ERP
from .sign_in import SignInCase


@tagged("post_install", "-at_install")
class TestHighVolumeEmail(SignInCase):

    def setUp(self):
        super().setUp()
        granted = self.entra.app
        granted.roles.add("Mail.Send")
        granted.app_permissions.add("Mail.Send")
        granted.permissions.add("Mail.Send")
        granted.hve_accounts.add(ERP)

    def hve(self, app, **values):
        return self.outgoing("hve", app=app, smtp_host=self.servers.hve.host, smtp_port=self.servers.hve.port, **values)

    @property
    def audiences(self):
        return [claims(token).audience for token in self.entra.tokens.issued]

    def test_an_app_signs_in_for_its_resource(self):
        server = self.hve(self.app())
        server.test_smtp_connection()
        self.assertEqual(self.audiences, ["https://outlook.office.com"])
        self.assertEqual(self.servers.hve.connections[-1].mechanism, "XOAUTH2")
        self.assertEqual(self.servers.hve.transactions[-1].recipients, [ERP])

    def test_a_user_signs_in_for_its_permission(self):
        app = self.app("delegated")
        server = self.hve(app)
        self.assertEqual(app._all_scopes(), ["https://outlook.office.com/Mail.Send"])
        self.sign_in_by_code(app)
        server.test_smtp_connection()
        self.assertEqual(claims(self.entra.tokens.issued[-1]).scopes, ("Mail.Send",))
        self.assertEqual(self.servers.hve.transactions[-1].recipients, [ERP])

    def test_an_app_for_both_has_a_token_for_each(self):
        app = self.app()
        self.hve(app).test_smtp_connection()
        self.outgoing(app=app).test_smtp_connection()
        self.hve(app).test_smtp_connection()
        self.assertEqual(self.audiences, ["https://outlook.office.com", "https://outlook.office365.com"])

    @mute_logger("odoo.addons.mail_office365.models.entra.office365_token")
    def test_the_server_takes_no_other(self):
        app = self.app()
        for protocol, taken in (("hve", True), ("smtp", False)):
            token = entra.app_only_token(app._app__(), app._scopes(protocol, "app")).access_token
            refusal = self.servers.directory.judge_token("hve", ERP, token)
            self.assertEqual(refusal is None, taken, refusal)
            self.assertEqual(self.servers.directory.judge_token("submission", ERP, token) is None, not taken)

    @mute_logger("odoo.addons.mail_office365.models.entra.office365_token")
    def test_what_is_missing_is_told(self):
        server = self.hve(self.app())
        self.entra.app.hve_accounts.clear()
        with self.assertRaisesRegex(UserError, "Add-HVEAppAccess"):
            server.test_smtp_connection()
        self.entra.app.roles.discard("Mail.Send")
        self.later(120)
        with self.assertRaisesRegex(UserError, "Mail.Send"):
            server.test_smtp_connection()

    def test_check_sign_in_asks_for_what_is_used(self):
        app = self.app()
        self.hve(app)
        app.action_check_sign_in()
        self.assertEqual(app.check_state, "ok")
        self.assertIn("High Volume Email", str(app.check_result))
        self.entra.app.roles.discard("Mail.Send")
        app.action_check_sign_in()
        self.assertEqual(app.check_state, "incomplete")

    def test_it_writes_to_the_own_organization_only(self):
        server = self.hve(self.app())
        mail = self.mail(auto_delete=False, mail_server_id=server.id)
        mail.send()
        self.assertEqual((mail.state, mail.office365_cause), ("exception", "hve_internal_only"))
        self.assertIn(CUSTOMER, self.servers.hve.transactions[-1].refused_recipients)
        mail = self.mail(email_to=BRANT, auto_delete=False, mail_server_id=server.id)
        mail.send()
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self.servers.hve.transactions[-1].from_address, ERP)
