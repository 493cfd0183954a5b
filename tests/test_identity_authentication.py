from odoo.tests import BaseCase, tagged

from ..tools.identity.authentication import is_genuine

BRANT = "brant@contoso.example"
FROM = "header.from=contoso.example"
PASS = f"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=contoso.example; dkim=pass; dmarc=pass action=none {FROM};compauth=pass reason=100"


@tagged("post_install", "-at_install")
class TestAuthentication(BaseCase):

    def assertGenuine(self, table):  # noqa: N802
        for genuine, result in table:
            with self.subTest(result):
                self.assertIs(is_genuine(BRANT, [result]), genuine)

    def test_what_exchange_says_of_a_sender(self):
        self.assertGenuine([
            (True, PASS),
            (True, f"dmarc=pass {FROM}"),
            (True, "DMARC = Pass header.From = Contoso.Example; CompAuth=PASS"),
            (True, f"dmarc=pass(p=reject) {FROM}"),
            (True, f"dmarc=bestguesspass action=none {FROM};compauth=pass reason=109"),
            (True, f"dmarc=none action=none {FROM};compauth=pass reason=109"),
            (True, f"spf=pass smtp.mailfrom=x.example;\r\n\tdmarc=pass\r\n\taction=none {FROM};\r\n\tcompauth=pass"),
            (False, f"dmarc=none action=none {FROM}"),
            (False, f"dmarc=bestguesspass {FROM}"),
            (False, f"dmarc=none {FROM};compauth=fail reason=001"),
            (False, f"dmarc=none {FROM};compauth=softpass reason=201"),
            (False, f"dmarc=pass {FROM};compauth=fail reason=000"),
            (False, f"dmarc=fail action=oreject {FROM};compauth=fail reason=000"),
            (False, f"dmarc=fail action=none {FROM};compauth=pass reason=130"),
            (False, f"dmarc=temperror {FROM};compauth=pass"),
            (False, f"dmarc=passed {FROM}"),
            (False, f"spf=pass {FROM};compauth=pass"),
            (False, ""),
        ])

    def test_only_a_result_for_the_domain_in_from_counts(self):
        self.assertGenuine([
            (False, "dmarc=pass header.from=fabrikam.example"),
            (False, "dmarc=pass header.from=mail.contoso.example"),
            (False, "dmarc=pass header.from=contoso.example.evil.example"),
            (False, "dmarc=pass"),
            (False, "dmarc=pass xheader.from=contoso.example"),
            (False, f"dmarc=pass {FROM} {FROM}"),
            (False, f"dmarc=pass; {FROM}"),
        ])
        self.assertTrue(is_genuine("käthe@bücher.example", ["dmarc=pass header.from=xn--bcher-kva.example"]))

    def test_what_a_sender_can_write_into_the_header_is_no_result(self):
        self.assertGenuine([
            (True, f"spf=none smtp.mailfrom=(dmarc=fail);dmarc=pass {FROM}"),
            (False, f"spf=none (;dmarc=pass {FROM};) smtp.mailfrom=x.example; dmarc=fail {FROM}"),
            (False, f"spf=none (;dmarc=pass {FROM};)"),
            (False, f"spf=none smtp.mailfrom=x;dmarc=pass {FROM};dmarc=fail {FROM}"),
            (False, f"dmarc=pass {FROM};dmarc=pass"),
            (False, f"dmarc=none {FROM};dmarc=fail;compauth=pass"),
            (False, f"compauth=pass {FROM}"),
            (False, f"dmarc=none {FROM};compauth=pass;compauth=fail"),
            (False, f"dmarc=pass {FROM};compauth=pass;compauth=pass"),
            (False, f"spf=none smtp.mailfrom=dmarc=pass {FROM}"),
        ])

    def test_only_the_topmost_header_is_exchanges(self):
        failed = f"dmarc=fail {FROM}"
        for genuine, results in ((False, []), (False, [failed, PASS]), (True, [PASS, failed])):
            with self.subTest(results=results):
                self.assertIs(is_genuine(BRANT, results), genuine)

    def test_who_signed_in_within_the_tenant_has_no_dmarc_result(self):
        none = f"dmarc=none action=none {FROM}"
        table = [
            (True, none, ["Internal"]),
            (False, none, ["Anonymous"]),
            (False, none, ["Internal", "Internal"]),  # one of them is not Exchange's
            (False, none, []),
            (True, f"{none};compauth=none", ["Internal"]),
            (False, f"{none};compauth=none;compauth=none", ["Internal"]),
            (False, f"dmarc=fail {FROM}", ["Internal"]),
            (False, f"dmarc=bestguesspass {FROM}", ["Internal"]),
            (False, "dmarc=none header.from=fabrikam.example", ["Internal"]),
        ]
        for genuine, result, authenticated_as in table:
            with self.subTest(result=result, authenticated_as=authenticated_as):
                self.assertIs(is_genuine(BRANT, [result], tuple(authenticated_as)), genuine)
