from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..models.assistant.office365_monitor import HEALTH_PATH
from ..tools.assistant.health import bearer


class Health(http.Controller):

    # No user and no session: the token is all that counts, and a monitor that asks every minute leaves no files.
    @http.route(HEALTH_PATH, type="http", auth="none", methods=["GET"], save_session=False, sitemap=False)
    def health(self, token="", **_kwargs):
        """Tell a monitor whether mail works: 200 if it does, 503 if not."""
        given = bearer(request.httprequest.headers.get("Authorization", "")) or token
        monitors = request.env["office365.monitor"].with_user(SUPERUSER_ID)
        is_right = monitors._is_token(given if isinstance(given, str) else "")
        headers = [("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex")]
        if is_right is None:
            return request.make_json_response({}, headers=headers, status=404)
        if not is_right:
            return request.make_json_response({}, headers=[*headers, ("WWW-Authenticate", "Bearer")], status=401)
        status, content = monitors._health()
        return request.make_json_response(content, headers=headers, status=status)
