"""The records of an email domain: what is found, what is missing, and each fault of the name server, which takes no longer than it may."""

import time

from odoo.tests import BaseCase, tagged

from ..tools.assistant import dns_records, public_address, spf
from ..tools.assistant.resolver import LookupFailed, Resolver
from .servers.name_server import NameServer
from .slow import slow

DOMAIN = "contoso.com"
MX = "contoso-com.mail.protection.outlook.com"
SPF = "v=spf1 include:spf.protection.outlook.com -all"


class RecordsCase(BaseCase):
    """A name server with the records of a domain that is set up well."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.names = NameServer()
        cls.names.__enter__()
        cls.addClassCleanup(cls.names.__exit__)

    def setUp(self):
        super().setUp()
        self.names.clear()
        self.publish()

    def publish(self, **changed):
        """Publish good records, others where they are given; None: not at all."""
        self.names.clear()
        records = {
            "mx": [(DOMAIN, "MX", f"0 {MX}.")], "host": [(MX, "A", "52.101.1.2")], "spf": [(DOMAIN, "TXT", SPF)],
            "exchange": [("spf.protection.outlook.com", "TXT", "v=spf1 ip4:40.92.0.0/15 -all")],
            "dkim": [
                (f"{selector}._domainkey.{DOMAIN}", "CNAME", f"{selector}-contoso-com._domainkey.contoso.onmicrosoft.com.")
                for selector in ("selector1", "selector2")],
            "key": [("selector1-contoso-com._domainkey.contoso.onmicrosoft.com", "TXT", "v=DKIM1; k=rsa; p=MIGf")],
            "dmarc": [(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=reject")], **changed}
        for name, kind, *values in (record for group in records.values() for record in group or ()):
            self.names.add(name, kind, *values)

    def resolver(self, **options):
        return Resolver(["127.0.0.1"], self.names.port, **options)

    def found(self, record, *addresses, **changed):
        """Return what is found of one record: states and slugs."""
        self.publish(**changed)
        networks = [public_address.network(address) for address in addresses]
        findings = dns_records.look_up(self.resolver(), DOMAIN, networks=networks).findings
        return [(finding.state, finding.slug, finding.details) for finding in findings if finding.record == record]

    def slug(self, record, *addresses, **changed):
        [(state, slug, _details)] = self.found(record, *addresses, **changed)
        return state, slug


@tagged("post_install", "-at_install")
class TestRecords(RecordsCase):

    def test_a_domain_that_is_set_up_well(self):
        records = dns_records.look_up(self.resolver(), DOMAIN)
        self.assertEqual(records.mx_host, MX)
        self.assertEqual({finding.slug for finding in records.findings}, {"mx_found", "spf_found", "dkim_found", "dmarc_found"})
        self.assertEqual({finding.state for finding in records.findings}, {"done"})

    def test_what_is_typed_around_a_domain_is_no_part_of_it(self):
        self.assertEqual(dns_records.look_up(self.resolver(), " @Contoso.com. ").mx_host, MX)

    def test_the_mail_host_is_what_is_published_and_never_guessed(self):
        table = [
            ({"mx": [(DOMAIN, "MX", f"10 {MX}.")]}, "done", "mx_found", MX),
            ({"mx": [(DOMAIN, "MX", "0 contoso-com.a1b2.mx.microsoft.")], "host": [("contoso-com.a1b2.mx.microsoft", "A", "52.101.1.2")]},
             "done", "mx_found", "contoso-com.a1b2.mx.microsoft"),
            ({"mx": [(DOMAIN, "MX", "5 gateway.fabrikam.com.", f"10 {MX}.")]}, "done", "mx_found", MX),
            ({"mx": [(DOMAIN, "MX", "5 gateway.fabrikam.com.")]}, "failed", "mx_elsewhere", ""),
            ({"mx": [(DOMAIN, "MX", f"0 {MX}.evil.com.")]}, "failed", "mx_elsewhere", ""),
            ({"mx": [(DOMAIN, "MX", "0 .")]}, "failed", "mx_null", ""),
            ({"mx": None}, "failed", "mx_missing", ""),
            ({"mx": None, "spf": None}, "failed", "unknown_name", ""),
            ({"host": None}, "failed", "unknown_name", ""),
            ({"host": [(MX, "TXT", "x")]}, "failed", "mx_no_address", ""),
            ({"host": [(MX, "A", "10.1.2.3")]}, "failed", "mx_private", ""),
            ({"host": [(MX, "A", "52.101.1.2", "127.0.0.1")]}, "failed", "mx_private", ""),
        ]
        for changed, state, slug, host in table:
            with self.subTest(changed=changed):
                self.assertEqual(self.slug("mx", **changed), (state, slug))
                self.assertEqual(dns_records.look_up(self.resolver(), DOMAIN).mx_host, host)

    def test_the_sender_policy_names_exchange_and_this_server(self):
        other = [("other.example", "TXT", "v=spf1 ip4:20.1.2.3 ~all")]
        chain = [(f"n{number}.example", "TXT", f"v=spf1 include:n{number + 1}.example ~all") for number in range(11)]
        table = [
            (SPF, (), ["spf_found"]),
            ("V=SPF1 include:SPF.protection.outlook.com. -all", (), ["spf_found"]),
            ("v=spf1 redirect=spf.protection.outlook.com", (), ["spf_found"]),
            (SPF, ("40.92.1.1",), ["spf_found"]),
            (SPF, ("20.1.2.3",), ["spf_address_missing"]),
            ("v=spf1 ip4:20.1.2.0/24 include:spf.protection.outlook.com -all", ("20.1.2.3", "20.1.2.0/28"), ["spf_found"]),
            ("v=spf1 -ip4:20.1.2.3 ip4:20.1.2.0/24 include:spf.protection.outlook.com -all", ("20.1.2.3",), ["spf_address_missing"]),
            ("v=spf1 include:other.example include:spf.protection.outlook.com -all", ("20.1.2.3",), ["spf_found"]),
            ("v=spf1 a:mail.example include:spf.protection.outlook.com -all", ("20.1.2.3",), ["spf_found"]),
            ("v=spf1 mx/16 include:spf.protection.outlook.com -all", ("52.101.7.7",), ["spf_found"]),
            ("v=spf1 exists:%{i}._spf.example include:spf.protection.outlook.com -all", ("20.1.2.3",), ["spf_address_missing"]),
            ("v=spf1 include:other.example -all", (), ["spf_exchange_missing"]),
            ("v=spf1 -all", ("20.1.2.3",), ["spf_exchange_missing", "spf_address_missing"]),
            ("v=spf1 include:n0.example -all", (), ["spf_too_many"]),
            ("v=spf1 include:contoso.com -all", (), ["spf_too_many"]),
            ("v=spf1 include:unknown.example -all", (), ["spf_include_missing"]),
            ("v=spf1 ipv4:20.1.2.3 -all", (), ["spf_invalid"]),
            ("v=spf1 ip4:20.1.2.300 -all", (), ["spf_invalid"]),
            ("v=spf1 include -all", (), ["spf_invalid"]),
            ("v=spf10 -all", (), ["spf_missing"]),
        ]
        more = {"other": other, "mail": [("mail.example", "A", "20.1.2.3")], "chain": chain}
        for record, addresses, slugs in table:
            with self.subTest(record=record, addresses=addresses):
                found = self.found("spf", *addresses, spf=[(DOMAIN, "TXT", record)], **more)
                self.assertEqual([slug for _state, slug, _details in found], slugs)
        self.assertEqual(self.slug("spf", spf=[(DOMAIN, "TXT", SPF, "v=spf1 -all", "v=verification")]), ("failed", "spf_several"))

    def test_the_line_to_publish_keeps_what_is_there(self):
        networks = [public_address.network("20.1.2.3"), public_address.network("20.1.3.0/24")]
        include = "spf.protection.outlook.com"
        table = [
            ("", include, "v=spf1 ip4:20.1.2.3 ip4:20.1.3.0/24 include:spf.protection.outlook.com -all"),
            (SPF, "", "v=spf1 include:spf.protection.outlook.com ip4:20.1.2.3 ip4:20.1.3.0/24 -all"),
            ("v=spf1 a ~all", include, "v=spf1 a ip4:20.1.2.3 ip4:20.1.3.0/24 include:spf.protection.outlook.com ~all"),
            ("v=spf1 redirect=x.example", include,
             "v=spf1 ip4:20.1.2.3 ip4:20.1.3.0/24 include:spf.protection.outlook.com redirect=x.example"),
            ("v=spf1", "", "v=spf1 ip4:20.1.2.3 ip4:20.1.3.0/24"),
        ]
        for record, included, line in table:
            with self.subTest(record=record):
                self.assertEqual(spf.completed(record, included, networks), line)

    def test_terms_of_a_policy(self):
        terms = spf.parse("v=spf1 +a/24 mx:x.example/24//64 ?ip6:2001:db8::/32 ~exists:%{i}.x exp=e.%{d} -all")
        self.assertEqual([(term.name, term.value, term.result, term.prefix) for term in terms], [
            ("a", "", "pass", 24), ("mx", "x.example", "pass", 24), ("ip6", "2001:db8::/32", "neutral", 32),
            ("exists", "%{i}.x", "softfail", 32), ("exp", "e.%{d}", "", 32), ("all", "", "fail", 32)])
        for text in ("foo", "all:x", "ip4:::1", "ip6:1.2.3.4", "-exp=x", "a/33", "include:", "!a", "=x"):
            with self.subTest(text=text), self.assertRaises(spf.SpfError):
                spf.parse(f"v=spf1 {text}")

    def test_the_keys_that_exchange_signs_with(self):
        one, two = ([(f"selector{n}._domainkey.{DOMAIN}", "CNAME", "selector1-contoso-com._domainkey.contoso.onmicrosoft.com.")]
                    for n in (1, 2))
        loop = [("a.example", "CNAME", "b.example."), ("b.example", "CNAME", "a.example."),
                (f"selector1._domainkey.{DOMAIN}", "CNAME", "a.example.")]
        table = [
            ({}, ("done", "dkim_found")),
            ({"dkim": None}, ("todo", "dkim_missing")),
            ({"dkim": one}, ("todo", "dkim_half")),
            ({"dkim": two}, ("todo", "dkim_half")),
            ({"key": None}, ("failed", "dkim_no_key")),
            ({"key": [("selector1-contoso-com._domainkey.contoso.onmicrosoft.com", "TXT", "v=DKIM1; p=")]}, ("failed", "dkim_no_key")),
            ({"dkim": [(f"selector{n}._domainkey.{DOMAIN}", "TXT", "p=MIGf") for n in (1, 2)]}, ("done", "dkim_found")),
            ({"dkim": loop}, ("failed", "loop")),
        ]
        for changed, expected in table:
            with self.subTest(changed=changed):
                self.assertEqual(self.slug("dkim", **changed), expected)

    def test_the_policy_for_receivers(self):
        table = [
            (["v=DMARC1; p=quarantine"], ("done", "dmarc_found")),
            (["v=DMARC1;p=none; rua=mailto:x@y.example"], ("done", "dmarc_watches")),
            (["v=DMARC1; p = reject", "other"], ("done", "dmarc_found")),
            (["v=DMARC1; p=reject", "v=DMARC1; p=none"], ("failed", "dmarc_several")),
            (["v=DMARC1; rua=mailto:x@y.example"], ("failed", "dmarc_invalid")),
            (["x"], ("todo", "dmarc_missing")),
        ]
        for texts, expected in table:
            with self.subTest(texts=texts):
                self.assertEqual(self.slug("dmarc", dmarc=[(f"_dmarc.{DOMAIN}", "TXT", *texts)]), expected)
        self.names.add("_dmarc.fabrikam.com", "TXT", "v=DMARC1; p=reject; sp=none")
        findings = dns_records.look_up(self.resolver(), "odoo.fabrikam.com").findings
        self.assertEqual([finding.slug for finding in findings if finding.record == "dmarc"], ["dmarc_watches"])


@tagged("post_install", "-at_install")
class TestNameServerFaults(RecordsCase):

    def test_a_long_record_comes_over_tcp(self):
        long = "v=spf1 " + " ".join(f"ip4:20.1.{number}.0/24" for number in range(90)) + " include:spf.protection.outlook.com -all"
        self.assertEqual(self.slug("spf", spf=[(DOMAIN, "TXT", long)]), ("done", "spf_found"))

    @slow
    def test_each_fault_has_its_name(self):
        ask = self.resolver(each=0.3).texts
        self.names.broken.add("broken.example")
        self.names.silent.add("silent.example")
        self.names.add("loop.example", "CNAME", "loop.example.")
        table = {
            "unknown.example": "unknown_name", "broken.example": "refused", "loop.example": "loop",
            f"{'x' * 64}.example": "bad_name", "a..example": "bad_name", f"{'x.' * 130}example": "bad_name",
            "xn--ü.example": "bad_name", "silent.example": "no_answer",
        }
        for name, slug in table.items():
            with self.subTest(name=name), self.assertRaises(LookupFailed) as caught:
                ask(name)
            self.assertEqual((caught.exception.slug, caught.exception.name), (slug, name))

    def test_names_beyond_ascii_are_asked_for_as_the_name_server_knows_them(self):
        self.names.add("xn--bcher-kva.example", "MX", f"0 {MX}.")
        self.assertEqual(self.resolver().mail_hosts("bücher.example"), [MX])

    def test_one_record_that_cannot_be_looked_up_leaves_the_others(self):
        self.names.broken.add(f"_dmarc.{DOMAIN}")
        findings = dns_records.look_up(self.resolver(), DOMAIN).findings
        self.assertEqual([finding.slug for finding in findings], ["mx_found", "spf_found", "dkim_found", "refused"])

    @slow
    def test_a_silent_name_server_is_waited_for_once(self):
        self.names.silent.add("*")
        began = time.monotonic()
        records = dns_records.look_up(self.resolver(each=0.4, together=5), DOMAIN)
        self.assertLess(time.monotonic() - began, 1.5)
        self.assertEqual({finding.slug for finding in records.findings}, {"no_answer"})
        self.assertEqual(records.mx_host, "")

    @slow
    def test_all_questions_together_take_a_bounded_time(self):
        self.names.silent |= {f"{selector}._domainkey.{DOMAIN}" for selector in ("selector1", "selector2")} | {f"_dmarc.{DOMAIN}"}
        began = time.monotonic()
        records = dns_records.look_up(self.resolver(each=0.6, together=0.9), DOMAIN)
        self.assertLess(time.monotonic() - began, 1.5)
        self.assertEqual([finding.slug for finding in records.findings], ["mx_found", "spf_found", "no_answer", "no_answer"])

    @slow
    def test_a_name_server_that_is_not_there(self):
        records = dns_records.look_up(Resolver(["127.0.0.1"], 1, each=0.3), DOMAIN)
        self.assertEqual(records.findings[0].slug, "no_answer")


@tagged("post_install", "-at_install")
class TestPublicAddress(BaseCase):

    def test_what_a_connector_can_recognize_this_server_by(self):
        table = [
            ("20.1.2.3", "20.1.2.3"), ("20.1.2.3/32; 20.1.2.3", "20.1.2.3"), (" 20.1.2.3\n20.1.3.0/24 ", "20.1.2.3, 20.1.3.0/24"),
            ("20.1.3.7/24", "20.1.3.0/24"), ("", ""),
        ]
        for text, expected in table:
            with self.subTest(text=text):
                self.assertEqual(public_address.written(public_address.networks(text)), expected)

    def test_what_it_cannot(self):
        table = {
            "10.1.2.3": "private", "172.31.0.1": "private", "192.168.1.0/24": "private", "100.64.1.1": "carrier", "127.0.0.1": "loopback",
            "169.254.1.1": "private", "224.0.0.1": "reserved", "0.0.0.0": "reserved", "255.255.255.255": "reserved",
            "20.1.0.0/16": "too_large", "0.0.0.0/0": "too_large", "2a01::1": "ipv6", "mail.contoso.com": "unreadable",
            "20.1.2": "unreadable", "20.1.2.300": "unreadable", "20.1.2.3/40": "unreadable",
        }
        for text, slug in table.items():
            with self.subTest(text=text), self.assertRaises(public_address.AddressUnusable) as caught:
                public_address.networks(f"20.1.2.3, {text}")
            self.assertEqual(caught.exception.slug, slug)
