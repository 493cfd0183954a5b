from odoo import api, fields, models

from ...tools.assistant import inputs

_TIDY = {
    "domain": inputs.tidy_domain, "mailbox": inputs.tidy_mailbox, "directory_id": inputs.tidy_id, "client_id": inputs.tidy_id,
}


class Office365Setup(models.Model):
    """What is typed: tidied, and judged beside its field. What is wrong is kept as well, so that nothing typed is lost."""

    _inherit = "office365.setup"

    domain_problem = fields.Char(compute="_compute_problems")
    mailbox_problem = fields.Char(compute="_compute_problems")
    mailbox_notice = fields.Char(compute="_compute_problems")
    directory_problem = fields.Char(compute="_compute_problems")
    client_problem = fields.Char(compute="_compute_problems")

    @api.depends("domain", "mailbox", "directory_id", "client_id")
    def _compute_problems(self):
        for setup in self:
            domain, mailbox = setup.domain or "", setup.mailbox or ""
            directory, client = setup.directory_id or "", setup.client_id or ""
            slug = inputs.mailbox_problem(mailbox, domain)
            text = setup._mailbox_text(slug)
            setup.mailbox_notice, setup.mailbox_problem = (text, False) if slug == "other_domain" else (False, text)
            setup.domain_problem = setup._domain_text(inputs.domain_problem(domain))
            setup.directory_problem = setup._directory_text(inputs.directory_problem(directory))
            setup.client_problem = setup._client_text(inputs.client_problem(client, directory))

    @api.onchange("domain", "mailbox", "directory_id", "client_id")
    def _onchange_inputs(self):
        self.update(self._tidied({name: self[name] for name in _TIDY}))

    @api.model
    def _tidied(self, vals: dict) -> dict:
        """Return values of which those that people type are tidied."""
        return {**vals, **{name: tidy(vals[name]) or False for name, tidy in _TIDY.items() if vals.get(name)}}

    def _domain_text(self, slug: str) -> str | bool:
        return {
            "malformed": self.env._("This is not a domain. Enter what stands after the @ of your email addresses, such as contoso.com."),
            "of_persons": self.env._(
                "This domain belongs to personal mailboxes. Odoo needs a domain of your Microsoft 365 organization, such as contoso.com."),
        }.get(slug, False)

    def _mailbox_text(self, slug: str) -> str | bool:
        return {
            "malformed": self.env._("This is not an email address. Enter one address, such as erp@contoso.com."),
            "several": self.env._("These are several addresses. Enter one: a single mailbox sends and receives for Odoo."),
            "other_domain": self.env._(
                "This mailbox is not in the domain %s. That works only if both domains belong to the same Microsoft 365 tenant.",
                self.domain),
        }.get(slug, False)

    def _directory_text(self, slug: str) -> str | bool:
        return {
            "malformed": self.env._(
                "This is not a directory ID. Copy the Directory (tenant) ID from the Overview page of the app registration. It looks like "
                "11111111-2222-3333-4444-555555555555."),
            "common": self.env._("This stands for any directory. Enter the Directory (tenant) ID of your own."),
        }.get(slug, False)

    def _client_text(self, slug: str) -> str | bool:
        return {
            "malformed": self.env._(
                "This is not an application ID. Copy the Application (client) ID from the Overview page of the app registration. It looks "
                "like 66666666-7777-8888-9999-000000000000."),
            "is_directory": self.env._("This is the Directory (tenant) ID again. Copy the Application (client) ID, which stands above it."),
        }.get(slug, False)
