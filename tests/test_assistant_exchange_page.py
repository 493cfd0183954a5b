"""docs/exchange-scripts.md: the scripts of the assistant for those who set Exchange up without it."""

from pathlib import Path
from textwrap import indent

from odoo.tests import BaseCase, tagged

from ..tools.assistant import exchange
from ..tools.assistant.exchange import KINDS, Values

# As in Microsoft's own guides; the IP addresses are those of RFC 5737.
VALUES = Values(
    domain="contoso.com", mailbox="erp@contoso.com", client_id="<client-id>", object_id="<enterprise-app-object-id>",
    addresses=("anna@contoso.com", "brant@contoso.com"), ip_addresses=("203.0.113.10",), certificate_name="*.contoso.com",
    catch_all_domain="odoo.contoso.com", hve_account="hve-odoo@contoso.com",
)
SIGN_IN = Path(exchange.__file__).with_name("powershell") / "sign_in.ps1"


@tagged("post_install", "-at_install")
class TestScriptsPage(BaseCase):

    @classmethod
    def as_markdown(cls) -> str:
        """Return all scripts for people; `dev/o365 docs` writes it."""
        start = exchange.script("mailbox_user", VALUES)
        sign_in = indent(SIGN_IN.read_text(encoding="utf-8"), " " * 8)
        block = start[start.index("& {"):start.index(sign_in) + len(sign_in)] + start[start.index("    } finally"):].rstrip("\n")
        head = [line for line in block.splitlines() if not line.lstrip().startswith(("$Mailbox", "$Name", "$Note"))]
        lines = ["## Start", "", "```powershell", "Install-Module -Name ExchangeOnlineManagement", *head, "```", ""]
        for kind, about in KINDS.items():
            lines += [f"## {about.title}", ""]
            for title, make in (("Set up", exchange.script), ("Undo", exchange.undo)):
                lines += [f"{title}:", "", "```powershell", cls.without_start(make(kind, VALUES), sign_in), "```", ""]
        return "\n".join(lines).rstrip()

    @staticmethod
    def without_start(script: str, sign_in: str) -> str:
        """Return what a script does once somebody is signed in."""
        block = script[script.index("& {"):].replace(f"{sign_in}\n", "").rstrip("\n")
        return "\n".join(line for line in block.splitlines() if not line.lstrip().startswith(("$Environment =", "$Domain =")))

    def test_the_page_is_up_to_date(self):
        page = Path(__file__).parents[1] / "docs" / "exchange-scripts.md"
        if not page.parent.exists():
            self.skipTest("an installed addon has no docs folder")
        self.assertIn(self.as_markdown(), page.read_text(encoding="utf-8"), "run dev/o365 docs")
