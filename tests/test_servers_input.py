"""What people enter wrong at first: it is mended where that is safe, and refused with the name of a field that they see."""

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate
from odoo.exceptions import ValidationError
from odoo.tests import Form, HttpCase, tagged

from ..tools.secrets import key_pair
from .test_entra_app import CLIENT, DIRECTORY, AppCase

ERP = "erp@contoso.example"


def pfx(pair):
    return base64.b64encode(pkcs12.serialize_key_and_certificates(
        b"odoo", serialization.load_pem_private_key(pair.private_key.encode(), None),
        load_pem_x509_certificate(pair.certificate.encode()), None, serialization.BestAvailableEncryption(b"open sesame")))


class InputCase(AppCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["office365.app"].search([]).active = False

    def outgoing(self, **values):
        return self.env["ir.mail_server"].create(
            {"office365_preset": "submission", "smtp_user": ERP, "smtp_pass": "x", **values})

    def incoming(self, **values):
        return self.env["fetchmail.server"].create({"office365_preset": "imap", "user": ERP, "password": "x", **values})


@tagged("post_install", "-at_install")
class TestInput(InputCase):

    def test_a_pfx_file_on_a_new_app_keeps_its_key(self):
        pair = key_pair.make("Test", 30)
        with Form(self.env["office365.app"]) as form:
            form.name, form.directory_id, form.client_id, form.credential = "New", DIRECTORY, CLIENT, "certificate"
            form.certificate_pfx, form.certificate_passphrase = pfx(pair), "open sesame"
        self.assertEqual(form.record._app__().credential, pair)
        app = self.app(certificate=False, private_key=False, certificate_pfx=pfx(pair), certificate_passphrase="open sesame")
        self.assertEqual(app._app__().credential, pair)
        other = key_pair.make("Other", 30)
        app.write({"certificate_pfx": pfx(other), "certificate_passphrase": "open sesame", "private_key": False})
        self.assertEqual(app._app__().credential, other)

    def test_a_certificate_without_its_key_is_refused(self):
        pair, other = key_pair.make("Test", 30), key_pair.make("Other", 30)
        with self.assertRaisesRegex(ValidationError, "has no private key.*PFX File"):
            self.app(certificate=pair.certificate)
        app = self.app(certificate=pair.certificate, private_key=pair.private_key)
        with self.assertRaisesRegex(ValidationError, "do not belong together"), self.env.cr.savepoint():
            app.certificate = other.certificate
        with self.assertRaisesRegex(ValidationError, "has no private key"), self.env.cr.savepoint():
            app.private_key = False
        app.invalidate_recordset()
        app.write({"certificate": other.certificate, "private_key": other.private_key})
        self.assertEqual(app._app__().credential, other)
        app.certificate = False
        self.assertFalse(app.private_key_state)

    def test_the_id_of_a_secret_is_no_secret(self):
        for text in (CLIENT, f" {CLIENT.upper()} "):
            with self.assertRaisesRegex(ValidationError, "this is the Secret ID.*column Value"):
                self.app(client_secret=text)
        app = self.app(auth_flow="delegated", credential="none", client_secret=CLIENT)  # left in a field that the form hides
        self.assertFalse(app.client_secret_state)

    def test_what_is_copied_along_with_a_host_or_mailbox_is_taken_away(self):
        table = {
            "https://smtp.office365.com/": "smtp.office365.com", " smtp.office365.com ": "smtp.office365.com",
            "SMTP://smtp.office365.com": "smtp.office365.com", "smtp.office365.com/": "smtp.office365.com",
            "https://outlook.office365.com/mail/": "outlook.office365.com", "localhost": "localhost",
        }
        for text, host in table.items():
            with self.subTest(text=text):
                self.assertRecordValues(self.outgoing(smtp_host=text, smtp_user=f" {ERP}\n"), [{"smtp_host": host, "smtp_user": ERP}])
                self.assertRecordValues(self.incoming(server=text, user=f"{ERP} "), [{"server": host, "user": ERP}])
        outgoing, incoming = self.outgoing(), self.incoming()
        outgoing.write({"smtp_host": "https://smtp.office365.com", "smtp_user": f"{ERP} "})
        incoming.write({"server": "imaps://outlook.office365.com", "user": f" {ERP}"})
        self.assertRecordValues(outgoing, [{"smtp_host": "smtp.office365.com", "smtp_user": ERP}])
        self.assertRecordValues(incoming, [{"server": "outlook.office365.com", "user": ERP}])

    def test_others_servers_keep_what_they_have(self):
        values = {"name": "Theirs", "smtp_host": "https://x/ ", "smtp_user": " x "}
        self.assertRecordValues(self.env["ir.mail_server"].create(values), [values])

    def test_what_is_no_host_or_mailbox_is_refused_by_the_name_of_its_field(self):
        hosts = ("smtp.office365.com:587", "smtp office365 com", "smtp.office365.com, smtp.example", ERP, "smtp..com", "-x.com")
        mailboxes = ("ERP <erp@contoso.example>", "erp", "erp@", "erp@contoso", "erp @contoso.example", "contoso\\erp")
        for create, label, host, user in (
            (self.outgoing, "SMTP Server", "smtp_host", "smtp_user"), (self.incoming, "Server Name", "server", "user"),
        ):
            table = [
                *((host, text, f"field {label} holds") for text in hosts),
                *((user, text, "field Username holds .*not an email address") for text in mailboxes),
                (user, f"{ERP}, info@contoso.example", "field Username holds several addresses"),
                (user, f"{ERP};info@contoso.example", "field Username holds several addresses"),
                (host, "52.97.1.2", f"field {label} holds the IP address"),
            ]
            for field, text, words in table:
                with self.subTest(field=field, text=text), self.assertRaisesRegex(ValidationError, words):
                    create(**{field: text})

    def test_the_first_server_of_a_database_signs_in_with_microsoft(self):
        for model, presets in (("ir.mail_server", ("submission", "hve")), ("fetchmail.server", ("imap", "pop"))):
            for preset in presets:
                with self.subTest(preset=preset):
                    form = Form(self.env[model])
                    form.office365_preset = preset
                    self.assertEqual(form.office365_sign_in_by, "office365")
                    self.assertFalse(form.office365_has_app)
                    form[self.env[model]._office365_user_field] = ERP
                    with self.assertRaisesRegex(ValidationError, "Entra App is empty.*Create the Entra App"):
                        form.save()
        self.app()
        self.assertTrue(Form(self.env["ir.mail_server"]).office365_has_app)

    def test_a_password_in_the_same_call_still_signs_in(self):
        self.assertEqual(self.outgoing().office365_sign_in_by, "login")
        self.assertEqual(self.incoming().office365_sign_in_by, "login")


@tagged("post_install", "-at_install")
class TestInputTour(InputCase, HttpCase):

    def test_a_new_administrator_is_told_what_is_wrong(self):
        pair = key_pair.make("Test", 30)
        for name, value in (("pfx", pfx(pair).decode()), ("certificate", pair.certificate)):
            self.env["ir.config_parameter"].set_param(f"mail_office365.tour.{name}", value)
        self.start_tour("/odoo/action-base.action_ir_mail_server_list?debug=1", "mail_office365_input", login="admin")
        server = self.env["ir.mail_server"].search([("office365_preset", "=", "submission"), ("smtp_user", "=", ERP)])
        self.assertRecordValues(server, [{"smtp_host": "smtp.office365.com", "smtp_authentication": "office365"}])
        self.assertEqual(server.office365_app_id._app__().credential, pair)
