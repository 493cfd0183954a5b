import time

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from ..models.entra.office365_app_sign_in import PATH, SESSION_KEY
from ..tools.diagnosis.reader import diagnose
from ..tools.entra import sign_in_state


class OAuth(http.Controller):

    # The answer comes in the query, not in a form (response_mode=form_post): a form posted by Microsoft's page is a cross-site
    # request, for which the browser leaves out the session cookie (SameSite=Lax), and the sign-in could not be told from a forged
    # one. What is in the query is worth nothing without the code_verifier in the session (RFC 7636), and works once.
    @http.route(PATH, type="http", auth="public", methods=["GET"], website=True, sitemap=False, multilang=False)
    def sign_in(self, state="", **answer):
        """Take what Microsoft's page answers, and lead back to the record that the sign-in was begun on."""
        entry = None
        if pending := request.session.get(SESSION_KEY):
            entry, request.session[SESSION_KEY] = sign_in_state.take(pending, state, time.time())
        if entry and entry["uid"] == request.env.uid:
            return self._finish(entry, {"state": state, **answer})
        if not state and "admin_consent" in answer:
            return self._consented(answer)
        return self._page(request.env._(
            "This sign-in was not begun in this session, was begun more than ten minutes ago, or is finished already. Nothing was "
            "changed. Go back to the Entra app or the mail server in Odoo, and press “Sign in with Microsoft” again."))

    def _finish(self, entry, answer):
        record = request.env[entry["model"]].browse(entry["id"]).exists()
        app = request.env["office365.app"].browse(entry["app"]).exists()
        back = f"/odoo/{entry['model']}/{entry['id']}"
        if not record or not app:
            return self._page(request.env._("The record that this sign-in was begun on was deleted. Nothing was changed."))
        try:
            record.check_access("write")
            app._finish_sign_in(entry, answer)
        except AccessError:
            return self._page(request.env._("You may no longer change this record. Nothing was changed."))
        except UserError as error:
            return self._page(str(error), back)
        request.env.user._bus_send("simple_notification", {
            "type": "success",
            "message": request.env._("%s signed in. Mail servers of this app sign in by themselves now.", entry["account"]),
        })
        return request.redirect(back)

    def _consented(self, answer):
        """Tell an administrator of the directory whether consent was given. They may have no user here, and nothing changes here.

        Anybody can write a link to this page, so it shows none of the words in its address.
        """
        if answer.get("error"):
            return self._page(request.env._(diagnose(dict(answer), protocol="entra").remedy))
        return self._page(request.env._(
            "The consent is given. You can close this page; in Odoo, “Check Sign-in” shows what the app may do now."), kind="success")

    def _page(self, text, back="/odoo", kind="danger"):
        response = request.render("mail_office365.sign_in_page", {"text": text, "back": back, "kind": kind})
        response.headers.update({
            "Cache-Control": "no-store",
            "Content-Security-Policy": "frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",  # the address of the page may hold a code
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex",
        })
        return response
