"""Base of the tests of tokens: an app at a look-alike of the token endpoint."""


from odoo.tests import TransactionCase

from ..models.entra.office365_token import SignInRefused
from ..tools.entra import token_life
from ..tools.entra.tokens import Token
from .common import SecretsMixin
from .token_service import TokenServiceMixin

BOX = "erp@contoso.example"
PREFIX = "https://outlook.office.com/"
WRONG_SECRET = (401, {"error": "invalid_client", "error_codes": [7000215],
                      "error_description": "AADSTS7000215: Invalid client secret provided."}, {})
REVOKED = (400, {"error": "invalid_grant", "error_description": "AADSTS50173: The provided grant has expired due to it being revoked."}, {})


class TokenCase(TokenServiceMixin, SecretsMixin, TransactionCase):

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.entra_app = self.env["office365.app"].create(self.app_values())
        self.tokens = self.env["office365.token"]

    def token(self, protocol="smtp", account=None, **kwargs):
        self.env.flush_all()  # other transactions see what is committed, here: what is in the database
        return self.tokens._access_token__(self.entra_app, protocol, account, **kwargs)

    def sign_in(self, account=BOX, refresh_token="Refresh~0", scopes=(f"{PREFIX}SMTP.Send",), expires_in=3600, **kwargs):
        """Store what a user's sign-in brings."""
        self.entra_app.auth_flow = "delegated"
        self.env.flush_all()
        ends = token_life.to_epoch(token_life.now()) + expires_in
        self.tokens._keep__(self.entra_app, Token("Access~0", ends, refresh_token, account, tuple(scopes), **kwargs), account)

    def row(self, **values):
        self.env.invalidate_all()
        return self.tokens.sudo().search([("app_id", "=", self.entra_app.id), *((name, "=", value) for name, value in values.items())])

    def refused(self, *args, **kwargs):
        """Return the refusal. Not by assertRaises, which would undo what was written down about it."""
        try:
            self.token(*args, **kwargs)
        except SignInRefused as error:
            return error
        self.fail("a token was given")
