from itertools import starmap

from lxml import etree, html
from markupsafe import Markup, escape
from odoo import api, fields, models
from odoo.tools import human_size
from odoo.tools.mail import html_sanitize

from ...tools.incoming.preview import preview

# What only structures a text. Whatever else there is, a picture, say, is left out, or only its text is left.
_TAGS = frozenset(
    "p div span br hr b strong i em u s small sub sup blockquote pre code ul ol li dl dt dd table caption thead tbody tfoot tr th td "
    "h1 h2 h3 h4 h5 h6 center".split())
# No attribute can make a browser ask for anything, nor hide or move what is shown.
_ATTRIBUTES = frozenset({"colspan", "rowspan", "dir"})
_DROPPED = frozenset("script style head title template noscript iframe object embed svg math select textarea".split())


class Office365Inbound(models.Model):
    """What a person reads of a message that was kept: nobody learns from it that it was read."""

    _inherit = "office365.inbound"

    preview = fields.Html("Message", compute="_compute_preview")
    preview_to = fields.Char("To", compute="_compute_preview")
    preview_cc = fields.Char("Cc", compute="_compute_preview")
    preview_date = fields.Char("Date", compute="_compute_preview", help="As the sender's program wrote it.")
    preview_files = fields.Text("Attachments", compute="_compute_preview")
    preview_note = fields.Char(compute="_compute_preview")

    @api.depends("raw")
    def _compute_preview(self):
        """Read the source as those may who read the message."""
        self.check_access("read")
        sources = {attachment.res_id: attachment for attachment in self.env["ir.attachment"].sudo().with_context(bin_size=False).search([
            ("res_model", "=", self._name), ("res_field", "=", "raw"), ("res_id", "in", self.ids)])}
        for inbound in self:
            source = inbound.id in sources and sources[inbound.id].raw
            shown = preview(source or b"", inbound.received)
            inbound.preview = source and Markup("<hr>").join(starmap(_as_html, shown.texts))
            inbound.preview_to, inbound.preview_cc, inbound.preview_date = shown.to, shown.cc, shown.date
            inbound.preview_files = "\n".join(
                f"{name or self.env._('Unnamed')} ({human_size(size)})" if size else name or self.env._("Unnamed") for name, size in shown.files)
            inbound.preview_note = source and inbound._preview_note(is_plain=shown.is_plain, is_cut=shown.is_cut)

    def _preview_note(self, *, is_plain: bool, is_cut: bool) -> str | bool:
        if is_plain:
            return self.env._("The message cannot be parsed. This is what can be read of its text.")
        return is_cut and self.env._("The message is long. This is its beginning; download the source to read all of it.")


def _as_html(text: str, is_page: bool) -> Markup:
    return harmless(text) if is_page else Markup("<div>{}</div>").format(escape(text).replace("\n", Markup("<br>")))


def harmless(page: str) -> Markup:
    """Return a page with nothing but its text and its structure: no picture, link, form, style or script.

    What Odoo's sanitizer gets is well-formed by then: over 100 kB of "<" alone it takes 40 seconds.
    """
    try:
        root = html.document_fromstring(page.replace("\0", "").encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError):  # it is empty, say
        return escape(page)
    for element in list(root.iterdescendants()):
        _strip(element)
    return html_sanitize(
        html.tostring(root, encoding="unicode"), sanitize_attributes=True, sanitize_style=True, strip_style=True, strip_classes=True)


def _strip(element: etree._Element) -> None:
    if not isinstance(element.tag, str) or element.tag in _DROPPED:
        element.drop_tree()
        return
    if element.tag == "img":
        element.text = f"[{element.get('alt', '').strip()}]" if element.get("alt", "").strip() else ""
    if element.tag not in _TAGS:
        element.drop_tag()
        return
    for name in set(element.attrib) - _ATTRIBUTES:
        del element.attrib[name]
