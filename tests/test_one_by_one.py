from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.one_by_one import one_by_one
from .common import Office365Case


@tagged("post_install", "-at_install")
class TestOneByOne(Office365Case):
    """One that fails keeps no other from its turn, and leaves nothing half done."""

    def setUp(self):
        super().setUp()
        self.partners = self.env["res.partner"].create([{"name": name} for name in ("First", "Second", "Third")])
        self.env.flush_all()

    def run_job(self, fail):
        def work(partner):
            partner.comment = "done"
            if partner.name == "Second":
                fail(partner)

        with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
            env = self.env(cr=cr)
            with self.assertLogs("odoo.addons.mail_office365.models.one_by_one", "WARNING") as logs:
                one_by_one(env, self.partners.with_env(env), work, "%s could not be worked on")
        self.env.invalidate_all()
        self.assertEqual([str(partner.comment or "") for partner in self.partners], ["<p>done</p>", "", "<p>done</p>"])
        self.assertEqual(len(logs.output), 1)
        self.assertIn(str(self.partners[1]), logs.output[0])

    def test_what_raises(self):
        def fail(_partner):
            raise ValueError("broken")

        self.run_job(fail)

    def test_what_the_database_refuses_only_when_it_is_written(self):
        def fail(partner):
            partner.name = False  # a contact needs one

        self.run_job(fail)

    def test_what_is_gone_meanwhile(self):
        def fail(partner):
            partner.unlink()
            partner.name = "Gone"

        self.run_job(fail)
