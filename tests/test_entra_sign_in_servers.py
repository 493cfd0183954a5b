from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .test_entra_app import AppCase

ERP = "erp@contoso.example"


@tagged("post_install", "-at_install")
class TestServersOfAnApp(AppCase):

    def setUp(self):
        super().setUp()
        self.env["office365.app"].search([]).active = False
        self.entra_app = self.app(client_secret="x")

    def outgoing(self, **values):
        return self.env["ir.mail_server"].create({
            "office365_preset": "submission", "office365_app_id": self.entra_app.id, "smtp_user": ERP, **values})

    def incoming(self, **values):
        return self.env["fetchmail.server"].create({
            "office365_preset": "imap", "office365_app_id": self.entra_app.id, "user": ERP, **values})

    def test_an_app_that_is_named_signs_in(self):
        self.assertRecordValues(self.outgoing(), [{"smtp_authentication": "office365", "office365_sign_in_by": "office365"}])
        self.assertEqual(self.incoming().office365_sign_in_by, "office365")
        server = self.outgoing(smtp_authentication="login", smtp_pass="x")  # what the same call sets wins
        self.assertEqual(server.office365_sign_in_by, "login")

    def test_a_change_of_cloud_keeps_the_kind_of_sign_in(self):
        server = self.outgoing()
        china = self.app(cloud="china", client_secret="x")
        server.write({"office365_cloud": "china", "office365_app_id": china.id})
        self.assertRecordValues(server, [{"smtp_authentication": "office365", "smtp_host": "smtp.partner.outlook.cn"}])

    def test_bad_input_names_field_and_remedy(self):
        for create, password in ((self.outgoing, "smtp_pass"), (self.incoming, "password")):
            with self.subTest(create=create.__name__):
                with self.assertRaisesRegex(ValidationError, "Password must be empty"):
                    create(**{password: "secret"})
                with self.assertRaisesRegex(ValidationError, "another cloud .Worldwide"):
                    create(office365_cloud="dod")
        with self.assertRaisesRegex(ValidationError, "Entra App is empty"):
            self.outgoing(smtp_authentication="office365", office365_app_id=False)
        with self.assertRaisesRegex(ValidationError, "Username is empty"):
            self.outgoing(smtp_user=False)

    def test_only_our_servers_sign_in_like_this(self):
        with self.assertRaisesRegex(ValidationError, "Choose Client submission"):
            self.env["ir.mail_server"].create({"name": "x", "smtp_host": "localhost", "smtp_authentication": "office365"})

    def test_clearing_the_preset_gives_core_back(self):
        outgoing, incoming = self.outgoing(), self.incoming()
        outgoing.office365_preset = incoming.office365_preset = False
        self.assertRecordValues(outgoing, [{"smtp_authentication": "login", "office365_app_id": False}])
        self.assertFalse(incoming.office365_app_id)

    def test_as_the_sender_needs_an_app_that_signs_in_as_itself(self):
        server = self.outgoing(office365_sender_mode="as_sender")
        self.assertTrue(server._office365_signs_in_as_anyone())
        with self.assertRaisesRegex(ValidationError, "app-only"), self.env.cr.savepoint():
            self.entra_app.auth_flow = "delegated"
        with self.assertRaisesRegex(ValidationError, "app-only"):
            self.outgoing(office365_sender_mode="as_sender", smtp_authentication="login", smtp_pass="x")

    def test_an_app_in_use_stays_in_its_cloud(self):
        self.incoming()
        with self.assertRaisesRegex(ValidationError, "another cloud"):
            self.entra_app.cloud = "china"

    def test_the_form_proposes_the_app_of_the_cloud(self):
        with Form(self.env["ir.mail_server"]) as form:
            form.office365_preset = "submission"
            self.assertEqual(form.office365_sign_in_by, "office365")
            self.assertEqual(form.office365_app_id, self.entra_app)
            form.smtp_user = ERP
        self.assertEqual(form.record.smtp_authentication, "office365")
        with Form(self.env["fetchmail.server"]) as form:
            form.office365_preset = "imap"
            self.assertEqual(form.office365_app_id, self.entra_app)
            form.user = ERP
        self.assertFalse(form.record.password)

    def test_the_form_switches_to_a_password_and_back(self):
        with Form(self.outgoing()) as form:
            form.office365_sign_in_by = "login"
            form.smtp_pass = "x"
        self.assertEqual(form.record.smtp_authentication, "login")
        with Form(form.record) as form:
            form.office365_sign_in_by = "office365"
        self.assertRecordValues(form.record, [{"smtp_authentication": "office365", "smtp_pass": False}])
        with Form(self.incoming()) as form:
            form.office365_sign_in_by = "login"
            form.password = "x"
        self.assertRecordValues(form.record, [{"office365_app_id": False, "password": "x"}])

    def test_cores_choice_makes_it_our_server(self):
        with Form(self.env["ir.mail_server"]) as form:
            form.smtp_authentication = "office365"
            self.assertEqual(form.office365_preset, "submission")
            self.assertEqual(form.smtp_host, "smtp.office365.com")
            form.smtp_user = ERP
        self.assertEqual(form.record.office365_app_id, self.entra_app)

    def test_a_password_notice_is_for_passwords(self):
        self.assertFalse(self.outgoing().office365_password_notice)
        self.assertFalse(self.incoming().office365_password_notice)

    def test_who_needs_send_as_is_who_signs_in(self):
        server = self.outgoing()
        self.assertEqual(server._office365_trustee(), ERP)
        self.entra_app.auth_flow = "delegated"
        server.office365_delegate = "alice@contoso.example"
        self.assertEqual(server._office365_trustee(), "alice@contoso.example")
