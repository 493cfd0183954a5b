"""Take the pictures of README and static/description: play the job of `dev/o365 demo`, then photograph its screens.

Started by `dev/o365 screenshots`, which makes the database and names it in the environment.
"""
from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import odoo
from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry

ADDON = Path(os.environ["MAIL_OFFICE365_ADDON"])
DESCRIPTION = ADDON / "static" / "description"
sys.path[:0] = [str(ADDON / "tests"), str(ADDON / "dev" / "demo")]

from browser import Browser, BrowserError, chromium  # noqa: E402  (needs the path above)
from job import Job  # noqa: E402
from servers import MailServers  # noqa: E402


@dataclass(frozen=True)
class Picture:
    """One picture.

    :ivar name: file name without ending
    :ivar action: XML id of the window action
    :ivar model: whose record is opened: the first one that `domain` finds; None shows the list
    :ivar height: of the window, in pixels
    :ivar press: CSS selector of what is clicked before, such as a tab
    :ivar width: of the window, in pixels, if it is another than that of the command
    :ivar shows: CSS selector of what is waited for
    :ivar path: address of the page, where it has one of its own
    """

    name: str
    action: str
    model: str | None = None
    domain: tuple = ()
    height: int = 760
    press: str = ""
    width: int = 0
    shows: str = ""
    path: str = ""


def _step(name: str, step: str, **more: int) -> Picture:
    """Return the picture of a step of the set-up."""
    return Picture(
        f"setup_{name}", "mail_office365.office365_setup_action", press=f".o_mail_office365_steps button[name='{step}']",
        shows=".o_mail_office365_steps", path="/odoo/office365-setup", **more)


# Each step with the height that it needs.
STEPS = {
    "sign_in": 1330, "outgoing": 880, "incoming": 690, "alias_domain": 700, "aliases": 500, "catch_all": 620, "proof": 780,
}
PICTURES = (
    *(_step(step, step, width=1440, height=height) for step, height in STEPS.items()),
    _step("phone", "sign_in", width=390, height=1800),
    Picture("settings", "base_setup.action_general_configuration", height=620, shows="#office365_setting"),
    Picture("outgoing", "base.action_ir_mail_server_list", "ir.mail_server", (("office365_preset", "!=", False),), 900),
    Picture("incoming", "mail.action_email_server_tree", "fetchmail.server", (("office365_preset", "!=", False),)),
    Picture("alias", "base.action_res_users", "res.users", (("login", "=", "brant"),), press=".o_notebook a[name='preferences']"),
    Picture("senders", "mail_office365.office365_sender_action", height=420, width=1680),
    Picture("entra", "mail_office365.office365_app_action", "office365.app", (), 900),
    Picture("overview", "mail_office365.office365_overview_action", height=540, path="/odoo/office365-overview"),
    Picture("deliveries", "mail_office365.office365_delivery_action", height=420),
)

# Developer Mode, without which some of the screens cannot be opened, shows the name of this machine's database, and its own menu.
# OdooBot's chat lies upon the page.
_HIDDEN = """
    document.head.appendChild(document.createElement("style")).textContent =
        ".oe_topbar_name, .o_debug_manager, .o-mail-ChatHub, .o_loading_indicator { display: none !important; }";
"""


def main() -> int:
    """Take the pictures that are asked for; return 0 if all could be taken."""
    parser = argparse.ArgumentParser(prog="dev/o365 screenshots", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help=f"some of: {', '.join(each.name for each in PICTURES)}; by default those that README and index.html show, all with --into")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels; 390 is a phone's")
    parser.add_argument("--into", type=Path, help="folder for the pictures")
    options = parser.parse_args()
    shown = "".join(file.read_text(encoding="utf-8") for file in (ADDON / "README.md", DESCRIPTION / "index.html"))
    names = options.names or [each.name for each in PICTURES if options.into or f"{each.name}.png" in shown]
    into = options.into or DESCRIPTION
    into.mkdir(parents=True, exist_ok=True)
    config, database = os.environ["MAIL_OFFICE365_CONFIG"], os.environ["MAIL_OFFICE365_DATABASE"]
    odoo.tools.config.parse_config(["-c", config, "--log-level=warn"], setup_logging=True)
    registry = Registry(database)
    wanted = [each for each in PICTURES if each.name in names]
    with MailServers() as servers, servers.trusted():
        for step in Job(servers).steps:
            with registry.cursor() as cr:
                step(Environment(cr, SUPERUSER_ID, {"lang": "en_US"}))
        with registry.cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            _show_microsofts_hosts(env)
            pages = {picture: _page(env, picture) for picture in wanted}
        with _served(config, database) as address, chromium() as browser:
            _log_in(browser, address)
            for picture, page in pages.items():
                browser.size(picture.width or options.width, picture.height)
                _take(browser, picture, f"{address}{page}", into / f"{picture.name}.png")
            if not options.names or "banner" in options.names:
                _draw(browser, DESCRIPTION / "banner.svg", into / "banner.png")
    return 0


def _draw(browser: Browser, drawing: Path, target: Path) -> None:
    """Make a PNG of a drawing, as Odoo's app store takes no SVG."""
    browser.size(1120, 560)
    browser.open(drawing.as_uri())
    browser.picture(target)


def _show_microsofts_hosts(env: Environment) -> None:
    """Have the servers look as they do at an administrator's, not as those of this machine."""
    for model in ("ir.mail_server", "fetchmail.server"):
        for server in env[model].search([("office365_preset", "!=", False)]):
            server.office365_cloud = server.office365_cloud  # the preset fills in its values again
    settings = env["ir.config_parameter"]
    settings.set_param("web.base.url", "https://odoo.contoso.com")
    settings.set_param("web.base.url.freeze", "True")


def _page(env: Environment, picture: Picture) -> str:
    if picture.path:
        return picture.path
    record = env[picture.model].search(list(picture.domain), limit=1).id if picture.model else ""
    return f"/odoo/action-{picture.action}/{record}".rstrip("/") + "?debug=1"


@contextlib.contextmanager
def _served(config: str, database: str) -> Iterator[str]:
    """Serve Odoo, and return its address once it answers."""
    port = os.environ["MAIL_OFFICE365_PORT"]
    command = [sys.executable, "-m", "odoo", "server", "-c", config, "-d", database, f"--http-port={port}", "--log-level=warn"]
    with subprocess.Popen(command) as server:
        try:
            address = f"http://localhost:{port}"
            for _attempt in range(300):
                with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"{address}/web/login", timeout=60):
                    break
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()


def _log_in(browser: Browser, address: str) -> None:
    browser.size(1280, 760)
    browser.open(f"{address}/web/login")
    browser.evaluate("""
        document.querySelector("input[name=login]").value = "admin";
        document.querySelector("input[name=password]").value = "admin";
        document.querySelector("form.oe_login_form").submit();
    """)
    browser.wait_for("document.querySelector('.o_web_client .o_main_navbar')")


def _take(browser: Browser, picture: Picture, url: str, target: Path) -> None:
    browser.open(url)
    shows = picture.shows or (".o_form_view .o_field_widget" if picture.model else ".o_list_view .o_data_row")
    browser.wait_for(f"document.querySelector('{shows}')")
    browser.evaluate(_HIDDEN)
    browser.evaluate(f"document.querySelector('{shows}').scrollIntoView({{block: 'nearest'}})")
    if picture.press:
        browser.evaluate(f"document.querySelector({picture.press!r}).click()")
    browser.picture(target)
    print(f"{target.name}: taken from {picture.action}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrowserError as error:
        print(f"dev/o365 screenshots: {error}", file=sys.stderr)
        sys.exit(1)
