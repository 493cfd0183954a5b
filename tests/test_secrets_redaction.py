import logging

from odoo.tests import BaseCase, tagged

from ..tools.secrets.redaction import CallFilter, RequestFilter, StatementFilter, install

PATHS = ("/mail_office365/confirm", "/mail_office365/oauth")


class Params:
    """As Odoo wraps the parameters of a call."""

    def __str__(self):
        return "s3cret"


class Model:
    def __init__(self, name):
        self._name = name

    def __str__(self):
        return self._name


def shown(filter_, message, *args):
    """Return what is logged."""
    record = logging.LogRecord("x", logging.DEBUG, "x", 1, message, args, None)
    assert filter_.filter(record)
    return record.getMessage()


@tagged("post_install", "-at_install")
class TestRedaction(BaseCase):

    def test_links(self):
        for path in PATHS:
            self.assertEqual(shown(RequestFilter(PATHS), "GET %s HTTP/1.1", f"{path}?token=s3cret&x=1"), f"GET {path}?… HTTP/1.1")
        self.assertEqual(shown(RequestFilter(PATHS), "GET /web?token=kept 100%"), "GET /web?token=kept 100%")

    def test_calls(self):
        for name, expected in (("ir.mail_server", "…"), ("fetchmail.server", "…"), ("office365.app", "…"), ("office365.switch", "…"),
                               ("office365.device.sign.in", "…"), ("res.partner", "s3cret")):
            self.assertEqual(shown(CallFilter(), "call %s.%s(%s)", Model(name), "write", Params()), f"call {name}.write({expected})")
        self.assertEqual(shown(CallFilter(), "no arguments"), "no arguments")

    def test_statements(self):
        table = [
            ("""INSERT INTO "ir_mail_server" ("smtp_pass") VALUES ('s3cret'), (E'it''s s3cret')""",
             """INSERT INTO "ir_mail_server" ("smtp_pass") VALUES ('…'), (E'…')"""),
            ("""UPDATE "fetchmail_server" SET "password" = "__tmp"."p" FROM (VALUES (1, 's3cret\nagain')) AS "__tmp" ("id", "p")""",
             """UPDATE "fetchmail_server" SET "password" = "__tmp"."p" FROM (VALUES (1, '…')) AS "__tmp" ("id", "p")"""),
            ("update office365_token set ciphertext = 's3cret'", "update office365_token set ciphertext = '…'"),
            ("SELECT 'kept' FROM ir_mail_server", "SELECT 'kept' FROM ir_mail_server"),
            ("UPDATE res_partner SET name = 'kept'", "UPDATE res_partner SET name = 'kept'"),
            ("""INSERT INTO "mail_mail" ("body_html") VALUES ('<a href="https://x/mail_office365/confirm?token=s3cret">')""",
             """INSERT INTO "mail_mail" ("body_html") VALUES ('<a href="https://x/mail_office365/confirm?…">')"""),
        ]
        for statement, expected in table:
            with self.subTest(statement):
                self.assertEqual(shown(StatementFilter(PATHS), "[%.3f ms] query: %s", 1.0, statement), f"[1.000 ms] query: {expected}")
                self.assertEqual(shown(StatementFilter(PATHS), "bad query: %s", statement.encode()), f"bad query: {expected}")

    def test_whatever_is_logged_is_logged(self):
        for filter_ in (RequestFilter(PATHS), CallFilter(), StatementFilter(PATHS)):
            with self.subTest(filter_):
                self.assertEqual(shown(filter_, "%(name)s took %(seconds)d s", {"name": "x", "seconds": 1}), "x took 1 s")
        self.assertEqual(shown(StatementFilter(PATHS), "bad query: %s", b"SELECT '\xff'"), "bad query: SELECT '\N{REPLACEMENT CHARACTER}'")

    def test_each_log_that_would_show_secrets_has_its_filter(self):
        loggers = {}
        install(iter(PATHS), lambda name: loggers.setdefault(name, logging.Logger(name)))
        link, update = f"GET {PATHS[1]}?code=s3cret", "UPDATE ir_mail_server SET smtp_pass = 's3cret'"
        for name, message, *args in (
                ("werkzeug", link), ("odoo.sql_db", link), ("odoo.sql_db", update),
                ("odoo.service.model", "%s.write(%s)", Model("ir.mail_server"), Params())):
            with self.subTest(name=name, message=message):
                record = logging.LogRecord(name, logging.DEBUG, "x", 1, message, tuple(args), None)
                self.assertTrue(loggers[name].filter(record))
                self.assertNotIn("s3cret", record.getMessage())

    def test_the_row_that_postgresql_shows(self):
        statement = b"UPDATE ir_mail_server SET smtp_pass = 's3cret'"
        error = "violates a constraint\nDETAIL:  Failing row contains (s3cret, 1)."
        self.assertEqual(
            shown(StatementFilter(PATHS), "bad query: %s\nERROR: %s", statement, error),
            "bad query: UPDATE ir_mail_server SET smtp_pass = '…'\nERROR: violates a constraint\nDETAIL: …")
