"""Who acts: noted on each message when it is made, by the server.

A message knows its creator, but that is not enough: a visitor's form and a user's request make messages as OdooBot, a mail from
outside makes them in the name of whom its From names, a cron sends what a user wrote. And its Message-Id, its author and its From
are values that a client may choose.
"""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.http import request
from odoo.tools import email_normalize

from ...tools.addresses import mailbox_of
from ...tools.identity.acting import NOBODY_UID, OUTSIDE_UID, Away, Behind, Fetching, Incoming
from ...tools.identity.authentication import is_genuine
from ...tools.identity.sender_book import BY_ADMINISTRATOR, BY_TEMPLATE
from ...tools.prefetch import PREFETCH

_NOTED = ("office365_actor_uid", "office365_vouch")
_RENDERED = "office365_rendered"


def acting_uid(env: api.Environment) -> int:
    """Return the id of the user who acts, below ``sudo()`` and ``with_user(OdooBot)``.

    :return: OdooBot's if Odoo itself acts, with no user behind it; :data:`NOBODY_UID` if somebody is whom Odoo does not know
    """
    if env.uid != SUPERUSER_ID:
        return env.uid
    began = env.transaction.default_env  # the user whose call it is: `odoo.http` and `odoo.service.model` see to that
    if began is not None and began.uid != SUPERUSER_ID:
        return began.uid or NOBODY_UID
    if request:  # Odoo's code has opened a cursor of its own while it serves somebody
        uid = request.env.uid if request.env.uid not in (None, SUPERUSER_ID) else request.session.uid
        return uid or NOBODY_UID
    return SUPERUSER_ID


def by_administrator(env: api.Environment) -> bool:
    """Tell whether an administrator acts, or Odoo itself.

    Not ``env.su``: core raises that for users, too, for instance when they write on their own record.
    """
    uid = acting_uid(env)
    return uid == SUPERUSER_ID or (uid > 0 and env["res.users"].sudo().browse(uid).has_group("base.group_erp_manager"))


def note_rendered(env: api.Environment, model: str, addresses: dict[int, str], vouch: str | None) -> None:
    """Note for this transaction which From a template was rendered to.

    :param addresses: by id of the record
    :param vouch: see :class:`tools.identity.sender_book.Act`; None if nobody entitled to it wrote the template's From
    """
    noted = env.cr.cache.setdefault(_RENDERED, {})
    for record_id, written in addresses.items():
        if address := email_normalize(written):
            noted[model, record_id, address] = vouch  # of the template that was rendered last


def rendered_vouch(env: api.Environment, model: str | None, record_id: int | None, written: str | None) -> tuple[bool, str | None]:
    """Return whether a template was rendered to this From for this record in this transaction, and who vouches for it."""
    noted = env.cr.cache.get(_RENDERED) or {}
    key = (model, record_id, email_normalize(written)) if noted else None
    return key in noted, noted.get(key)


def forget_rendered(env: api.Environment) -> None:
    """Forget what templates were rendered to: what comes next in this transaction is somebody else's."""
    env.cr.cache.pop(_RENDERED, None)


class MailMessage(models.Model):
    _inherit = "mail.message"

    # Plain numbers rather than a relation: who acted stays who acted when the user is gone.
    office365_actor_uid = fields.Integer(copy=False, readonly=True, prefetch=PREFETCH)
    office365_vouch = fields.Selection(
        [(BY_TEMPLATE, "Template"), (BY_ADMINISTRATOR, "Address in an administrator's template")],
        copy=False, readonly=True, prefetch=PREFETCH)

    def _office365_with_actor(self, vals: dict) -> dict:
        """Return the values of a write: whoever changes the From of a message is who acts; and nobody else writes who does."""
        vals = {name: value for name, value in vals.items() if name not in _NOTED}
        if "email_from" in vals and any(message.email_from != vals["email_from"] for message in self):
            vals |= {"office365_actor_uid": self._office365_acting_uid({}), "office365_vouch": False}
        return vals

    @api.model
    def _office365_noted(self, vals: dict) -> dict:
        """Return what is noted on a message that is made with these values."""
        is_rendered, vouch = rendered_vouch(self.env, vals.get("model"), vals.get("res_id"), vals.get("email_from"))
        uid = self._office365_acting_uid(vals)
        if uid == SUPERUSER_ID and is_rendered and not vouch:
            uid = NOBODY_UID  # whoever wrote the template is behind it
        return {"office365_actor_uid": uid, "office365_vouch": (uid != OUTSIDE_UID and vouch) or False}

    @api.model
    def _office365_acting_uid(self, vals: dict) -> int:
        """Return the id of the user who acts, or a constant of `tools.identity.acting`, for a message with these values."""
        incoming = Incoming.of(self.env.context)
        if incoming and vals.get("message_id") == incoming.message_id:
            return incoming.author_uid
        if Away.of(self.env.context) and vals.get("message_type") == "out_of_office":
            # Its From is what that user calls their own: only what they may send as themselves is right.
            return self.env["res.partner"].sudo().browse(vals.get("author_id") or ()).main_user_id.id or NOBODY_UID
        uid = acting_uid(self.env)
        if incoming and not incoming.is_genuine and self.env.uid != SUPERUSER_ID:
            return NOBODY_UID  # it was made in the name of whom the From names
        behind = Behind.of(self.env.context) if uid == SUPERUSER_ID else None
        return behind.uid if behind else uid


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _office365_author_uid(self, message) -> int:
        """Return the id of the user whose proved address a message is really from, else :data:`OUTSIDE_UID`."""
        key = email_normalize(self._office365_genuine_sender(message))
        holders = self.env["ir.mail_server"]._office365_known([key])[key].holders if key else {}
        return next(iter(holders)) if len(holders) == 1 else OUTSIDE_UID

    @api.model
    def _office365_genuine_sender(self, message) -> str:
        """Return the address that a message is from, if Exchange has handed it out and says that it is; else ""."""
        fetching, written = Fetching.of(self.env.context), [
            str(value) for name, value in message.raw_items() if name.lower() == "from"]
        author = mailbox_of(str(message["From"])) if len(written) == 1 else None
        # Exchange looked at the domain alone. Of a From with two addresses, however they stand there, programs read one or the other.
        if author and (written[0].count("@") != 1 or author.address not in written[0]):
            return ""
        if not author or not fetching or self.env.context.get("default_fetchmail_server_id") not in fetching.server_ids:
            return ""
        return author.address if is_genuine(
            author.address, [str(value) for value in message.get_all("Authentication-Results") or []],
            [str(value).strip() for value in message.get_all("X-MS-Exchange-Organization-AuthAs") or []]) else ""
