from odoo import http
from odoo.http import request

from ..models.assistant.office365_monitor import HEALTH_PATH
from ..models.entra.office365_app_sign_in import PATH as OAUTH_PATH
from ..models.identity.res_users_link import PATH
from ..tools.secrets.redaction import install

install((PATH, OAUTH_PATH, HEALTH_PATH))


class AddressConfirmation(http.Controller):

    @http.route(
        PATH, type="http", auth="public", methods=["GET", "POST"],
        website=True, sitemap=False, multilang=False,  # with a website, the layout needs it
    )
    def confirm(self, token="", **_kwargs):
        """Show what a link is for; confirm it when its button is pressed.

        Opening the page changes nothing: mail scanners open every link of a mail before its reader does.
        """
        token = token if isinstance(token, str) else ""  # it could be an uploaded file
        Users = request.env["res.users"]
        is_pressed = request.httprequest.method == "POST"
        state, link, user = Users._office365_use_link(token) if is_pressed else Users._office365_open_link(token)
        if user.lang:
            request.update_context(lang=user.lang)
            user = user.with_context(lang=user.lang)
        response = request.render("mail_office365.link_page", {
            "title": request.env._("Confirm your email address"),
            "state": state, "link": link, "user": user, "token": token, "path": PATH,
            # Whole sentences: a template would give translators their pieces.
            "request_text": link and user._office365_request_text(link.address),
            "confirmed_text": request.env._(
                "Confirmed. Mail that %s sends from Odoo goes out as this address, as soon as Exchange lets it: Preferences in Odoo says "
                "whether it does. You can close this page.", user.name),
            "archived_text": request.env._(
                "Nothing was confirmed, because %s is archived or no longer an internal user. Ask an administrator.", user.name),
        })
        response.headers.update({
            "Cache-Control": "no-store",
            "Content-Security-Policy": "frame-ancestors 'none'",  # nobody shall press the button through a frame
            "Referrer-Policy": "no-referrer",  # the address of the page holds the token
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex",
        })
        return response
