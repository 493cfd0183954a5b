from dataclasses import replace

from odoo.tests import BaseCase, tagged

from ..const import CLOUDS, INCOMING_PRESETS, OUTGOING_PRESETS
from ..tools.servers import presets

OUTGOING = {
    "host": "smtp.office365.com", "port": 587, "encryption": "starttls_strict",
    "authentication": "login", "has_login": True, "is_personal": False,
}
RELAY = {**OUTGOING, "host": "contoso-com.mail.protection.outlook.com", "port": 25, "has_login": False}
SIGN_IN = presets.SignIn(mailbox="erp@contoso.example", app_cloud="global")
INCOMING = {"host": "outlook.office365.com", "port": 993, "is_ssl": True, "server_type": "imap"}


@tagged("post_install", "-at_install")
class TestPresets(BaseCase):

    def test_outgoing_hosts_of_every_cloud(self):
        table = {
            ("submission", "global"): "smtp.office365.com",
            ("submission", "gcc_high"): "outlook.office365.us",
            ("submission", "dod"): "outlook-dod.office365.us",
            ("submission", "china"): "smtp.partner.outlook.cn",
            ("hve", "global"): "smtp.hve.mx.microsoft",
            ("hve", "gcc_high"): False,
            ("hve", "dod"): False,
            ("hve", "china"): False,
            ("relay", "global"): False,
            ("relay", "gcc_high"): False,
            ("relay", "dod"): False,
            ("relay", "china"): False,
        }
        self.assertEqual(set(table), {(preset, cloud) for preset in OUTGOING_PRESETS for cloud in CLOUDS})
        for (preset, cloud), host in table.items():
            with self.subTest(preset=preset, cloud=cloud):
                self.assertEqual(presets.outgoing_values(preset, cloud)["smtp_host"], host)

    def test_incoming_hosts_of_every_cloud(self):
        hosts = {
            "global": "outlook.office365.com", "gcc_high": "outlook.office365.us",
            "dod": "outlook-dod.office365.us", "china": "partner.outlook.cn",
        }
        self.assertEqual(set(hosts), set(CLOUDS))
        for preset in INCOMING_PRESETS:
            for cloud, host in hosts.items():
                with self.subTest(preset=preset, cloud=cloud):
                    self.assertEqual(presets.incoming_values(preset, cloud)["server"], host)
            self.assertIs(presets.incoming_values(preset, "of another planet")["server"], False)

    def test_submission_fills_what_the_guide_says(self):
        self.assertEqual(presets.outgoing_values("submission", "global"), {
            "name": "Office 365 Outgoing Mail Server", "smtp_host": "smtp.office365.com", "smtp_port": 587,
            "smtp_encryption": "starttls_strict", "smtp_authentication": "login",
            "office365_rate_limit": 30, "office365_daily_limit": 10000, "office365_max_connections": 3,
        })

    def test_relay_fills_no_login_and_leaves_the_host_to_the_tenant(self):
        self.assertEqual(presets.outgoing_values("relay", "global"), {
            "name": "Office 365 Outgoing Mail Server", "smtp_host": False, "smtp_port": 25,
            "smtp_encryption": "starttls_strict", "smtp_authentication": "login",
            "smtp_user": False, "smtp_pass": False,
            "office365_rate_limit": 0, "office365_daily_limit": 0, "office365_max_connections": 3,
        })

    def test_imap_and_pop_fill_what_the_guide_says(self):
        common = {"name": "Office 365 Incoming Mail Server", "server": "outlook.office365.com", "is_ssl": True}
        self.assertEqual(presets.incoming_values("imap", "global"), {**common, "server_type": "imap", "port": 993})
        self.assertEqual(presets.incoming_values("pop", "global"), {
            **common, "server_type": "pop", "port": 995, "office365_after_fetch": "delete"})

    def test_problems_of_an_outgoing_server(self):
        table = [
            ("submission", OUTGOING, {}, []),
            ("submission", OUTGOING, {"port": 25}, []),  # documented by Microsoft
            ("submission", OUTGOING, {"port": 2587, "host": "localhost"}, []),  # a proxy of one's own
            ("submission", OUTGOING, {"encryption": "none"}, ["tls_not_verified"]),
            ("submission", OUTGOING, {"encryption": "starttls"}, ["tls_not_verified"]),
            ("submission", OUTGOING, {"encryption": "ssl_strict"}, ["tls_not_verified"]),
            ("submission", OUTGOING, {"port": 465}, ["port_of_other_protocol"]),
            ("submission", OUTGOING, {"port": 993}, ["port_of_other_protocol"]),
            ("submission", OUTGOING, {"port": 0}, ["port_out_of_range"]),
            ("submission", OUTGOING, {"port": -1}, ["port_out_of_range"]),
            ("submission", OUTGOING, {"port": 1}, []),
            ("submission", OUTGOING, {"port": 65535}, []),
            ("submission", OUTGOING, {"port": 65536}, ["port_out_of_range"]),
            ("submission", OUTGOING, {"port": 65537}, ["port_out_of_range"]),
            ("submission", OUTGOING, {"host": ""}, ["host_missing"]),
            ("submission", OUTGOING, {"host": "52.97.1.2"}, ["host_is_address"]),
            ("submission", OUTGOING, {"host": "[2603:1026::1]"}, ["host_is_address"]),
            ("submission", OUTGOING, {"host": " 52.97.1.2 "}, ["host_is_address"]),
            ("submission", OUTGOING, {"host": RELAY["host"]}, ["host_is_mx"]),
            ("submission", OUTGOING, {"host": "https://smtp.office365.com"}, ["host_malformed"]),
            ("submission", OUTGOING, {"host": "smtp.office365.com:587"}, ["host_malformed"]),
            ("submission", OUTGOING, {"host": "bücher.example"}, []),
            ("submission", OUTGOING, {"mailbox": "erp@contoso.example"}, []),
            ("submission", OUTGOING, {"mailbox": "erp"}, ["mailbox_malformed"]),
            ("hve", OUTGOING, {"mailbox": "a@b.example, c@d.example"}, ["mailbox_several"]),
            ("relay", RELAY, {"mailbox": "erp", "has_login": True}, ["relay_login"]),
            ("submission", OUTGOING, {"host": "contoso-com.abc.mx.microsoft"}, ["host_is_mx"]),
            ("submission", OUTGOING, {"authentication": "cli"}, ["submission_authentication"]),
            ("submission", OUTGOING, {"authentication": "certificate"}, ["submission_authentication"]),
            ("submission", OUTGOING, {"authentication": "outlook"}, ["submission_authentication"]),
            ("submission", OUTGOING, {"is_personal": True}, ["personal_server"]),
            ("submission", OUTGOING, {"authentication": "office365", "sign_in": SIGN_IN}, []),
            ("submission", OUTGOING, {"authentication": "office365"}, ["app_missing", "mailbox_missing"]),
            ("submission", OUTGOING, {"authentication": "office365", "sign_in": replace(SIGN_IN, app_cloud=None)}, ["app_missing"]),
            ("submission", OUTGOING, {"authentication": "office365", "sign_in": replace(SIGN_IN, cloud="china")}, ["app_of_other_cloud"]),
            ("submission", OUTGOING, {"authentication": "office365", "sign_in": replace(SIGN_IN, app_cloud="china")},
             ["app_of_other_cloud"]),
            ("submission", OUTGOING, {"authentication": "office365", "sign_in": replace(SIGN_IN, has_password=True)},
             ["password_beside_sign_in"]),
            ("relay", RELAY, {"authentication": "office365", "sign_in": SIGN_IN}, ["relay_authentication"]),
            ("hve", OUTGOING, {"host": "smtp.hve.mx.microsoft"}, []),
            ("hve", OUTGOING, {"host": "smtp.hve.mx.microsoft", "port": 25}, ["port_of_other_protocol"]),
            ("relay", RELAY, {}, []),
            ("relay", RELAY, {"host": "contoso-com.abc.mx.microsoft"}, []),
            ("relay", RELAY, {"host": "mx.contoso.example"}, []),
            ("relay", RELAY, {"authentication": "certificate"}, []),
            ("relay", RELAY, {"authentication": "cli"}, ["relay_authentication"]),
            ("relay", RELAY, {"has_login": True}, ["relay_login"]),
            ("relay", RELAY, {"port": 587}, ["port_of_other_protocol"]),
            ("relay", RELAY, {"host": ""}, ["relay_host_missing"]),
            ("relay", RELAY, {"host": "SMTP.Office365.com."}, ["relay_host_signs_in"]),
            ("relay", RELAY, {"host": "smtp.hve.mx.microsoft"}, ["relay_host_signs_in"]),
            ("relay", RELAY, {"encryption": "none", "has_login": True}, ["tls_not_verified", "relay_login"]),
        ]
        for preset, base, change, expected in table:
            with self.subTest(preset=preset, **change):
                found = presets.outgoing_problems(preset, **{**base, **change})
                self.assertEqual([problem.slug for problem in found], expected)

    def test_problems_of_an_incoming_server(self):
        table = [
            ("imap", {}, []),
            ("imap", {"port": 10993, "host": "localhost"}, []),
            ("imap", {"port": 143}, ["port_of_other_protocol"]),
            ("imap", {"port": 995}, ["port_of_other_protocol"]),
            ("imap", {"port": 587}, ["port_of_other_protocol"]),
            ("imap", {"is_ssl": False}, ["tls_missing"]),
            ("imap", {"host": "192.0.2.1"}, ["host_is_address"]),
            ("imap", {"host": ""}, ["host_missing"]),
            ("imap", {"host": "imap host"}, ["host_malformed"]),
            ("imap", {"mailbox": "ERP <erp@contoso.example>"}, ["mailbox_malformed"]),
            ("imap", {"host": RELAY["host"]}, ["host_is_mx"]),
            ("imap", {"server_type": "outlook"}, ["server_type"]),
            ("imap", {"sign_in": SIGN_IN}, []),
            ("imap", {"sign_in": replace(SIGN_IN, mailbox="", has_password=True)}, ["mailbox_missing", "password_beside_sign_in"]),
            ("imap", {"sign_in": replace(SIGN_IN, cloud="dod")}, ["app_of_other_cloud"]),
            ("pop", {"server_type": "pop", "port": 995}, []),
            ("pop", {"server_type": "pop"}, ["port_of_other_protocol"]),
            ("pop", {"server_type": "imap", "port": 995}, ["server_type"]),
        ]
        for preset, change, expected in table:
            with self.subTest(preset=preset, **change):
                found = presets.incoming_problems(preset, **{**INCOMING, **change})
                self.assertEqual([problem.slug for problem in found], expected)

    def test_a_problem_names_what_is_wrong_and_what_is_right(self):
        outgoing, incoming = presets.outgoing_problems, presets.incoming_problems
        table = [
            (outgoing, "submission", {**OUTGOING, "port": 0}, {"port": 0, "expected": 587}),
            (outgoing, "submission", {**OUTGOING, "port": 993}, {"port": 993, "protocol": "IMAP over TLS", "expected": 587}),
            (outgoing, "submission", {**OUTGOING, "host": "52.97.1.2"}, {"host": "52.97.1.2"}),
            (outgoing, "submission", {**OUTGOING, "host": RELAY["host"]}, {"host": RELAY["host"]}),
            (outgoing, "relay", {**RELAY, "host": "smtp.office365.com"}, {"host": "smtp.office365.com"}),
            (outgoing, "submission", {**OUTGOING, "authentication": "office365", "sign_in": replace(SIGN_IN, app_cloud="china")},
             {"cloud": CLOUDS["china"]}),
            (incoming, "imap", {**INCOMING, "is_ssl": False}, {"port": 993}),
            (incoming, "imap", {**INCOMING, "server_type": "pop"}, {"expected": "IMAP"}),
        ]
        for problems, preset, values, details in table:
            with self.subTest(preset=preset, details=details):
                self.assertEqual([problem.details for problem in problems(preset, **values)], [details])

    def test_microsoft_hosts_are_recognized_by_whole_labels(self):
        table = {
            "smtp.office365.com": True, "SMTP.OFFICE365.COM.": True, " smtp.office365.com ": True, "outlook.office365.us": True,
            "smtp-mail.outlook.com": True, "smtp.partner.outlook.cn": True, "smtp.hve.mx.microsoft": True,
            "office365.com.example": False, "notoffice365.com": False, "localhost": False, "": False,
        }
        for host, expected in table.items():
            with self.subTest(host=host):
                self.assertIs(presets.is_microsoft_host(host), expected)
