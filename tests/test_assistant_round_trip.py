"""What a round trip proves, and which leg is broken: pure tables."""

import dataclasses
import unittest
from datetime import datetime, timedelta
from email import message_from_bytes

from ..tools.assistant.arrival import Arrival, arrival_of
from ..tools.assistant.heartbeat import is_due, state_of
from ..tools.assistant.round_trip import (
    CANCELLED,
    FOREIGN,
    FORGED,
    LATE,
    LEGS,
    OTHER_SERVER,
    PATIENCE,
    PROVES,
    REPLAYED,
    Facts,
    Ticket,
    broken,
    is_decided,
    judge,
    verdict,
)
from ..tools.identity.authentication import results_of
from ..tools.incoming.filters.proof import HEADER, Proof, read

NOW = datetime(2026, 11, 28, 12)
ERP, BRANT, ADDRESS = "erp@contoso.example", "brant.wadsworth@contoso.example", "odoo-proof-12ab@contoso.example"
ARRIVAL = Arrival(
    author=BRANT, envelope_from=ERP, message_id="<1@contoso.example>", references=("<0@contoso.example>",), objects="office365.setup-1",
    is_named=True, is_genuine=True, is_internal=True, results={"dkim": "none", "dmarc": "none"})
SENT = Facts(
    is_inside=True, author=BRANT, message_id="<1@contoso.example>", reference="<0@contoso.example>", objects="office365.setup-1",
    sent="sent", left_as=BRANT, envelope_from=ERP)


class TestVerdict(unittest.TestCase):

    def test_only_the_first_arrival_of_what_was_signed_and_sent_in_time_proves(self):
        ticket = Ticket("waiting", has_arrived=False, ends=NOW + timedelta(minutes=1), server_id=7)
        table = [
            (ticket, {}, PROVES),
            (ticket, {"is_signed": False}, FORGED),
            (None, {}, FOREIGN),
            (None, {"is_signed": False}, FORGED),
            (dataclasses.replace(ticket, has_arrived=True), {}, REPLAYED),
            (dataclasses.replace(ticket, has_arrived=True, state="done"), {}, REPLAYED),
            (dataclasses.replace(ticket, state="cancelled"), {}, CANCELLED),
            (dataclasses.replace(ticket, state="failed"), {}, PROVES),  # it came after those who waited had gone
            (dataclasses.replace(ticket, ends=NOW), {}, LATE),
            (ticket, {"server_id": 8}, OTHER_SERVER),
        ]
        for known, given, expected in table:
            with self.subTest(known=known, **given):
                self.assertEqual(verdict(known, **{"is_signed": True, "server_id": 7, "now": NOW, **given}), expected)

    def test_a_mark_is_read_from_one_header_of_ours(self):
        table = [
            (b"", None),
            (b"X-Office365-Proof: 12-ab\r\n", Proof("12", "ab")),
            (b"x-office365-proof:\t12-ab-c\r\n", Proof("12", "ab-c")),
            (b"X-Office365-Proof: nothing\r\n", Proof("nothing", "")),
            (b"X-Office365-Proof: 12-ab\r\nX-Office365-Proof: 34-cd\r\n", Proof("", "")),
            (b"X-Office365-Proof: \xff\xfe-\xff\r\n", Proof("ÿþ", "ÿ")),
            (b"X-Office365-Proof: " + b"1" * 900 + b"-ab\r\n", Proof("", "")),
        ]
        for head, expected in table:
            with self.subTest(head):
                self.assertEqual(read(message_from_bytes(head + b"Subject: x\r\n\r\nHello")), expected)
        self.assertEqual(HEADER, "X-Office365-Proof")


class TestJudge(unittest.TestCase):

    def test_the_broken_leg_is_named(self):
        over = dataclasses.replace(SENT, is_over=True, waited=301)

        def came(**changes):
            return dataclasses.replace(over, arrival=dataclasses.replace(ARRIVAL, **changes))

        table = [
            (dataclasses.replace(over, sent="refused", words="554 5.2.252 SendAsDenied"), "sent", "refused"),
            (dataclasses.replace(over, sent="deferred", words="432 4.3.2"), "sent", "deferred"),
            (dataclasses.replace(over, left_as=ERP), "author", "left_otherwise"),
            (came(author=ERP), "author", "rewritten"),
            (came(author=""), "author", "rewritten"),
            (came(envelope_from="srs0=1@contoso.example"), "envelope", "rewritten"),
            (dataclasses.replace(over, returned="550 5.1.10 RESOLVER.ADR.RecipientNotFound"), "arrived", "recipient_unknown"),
            (dataclasses.replace(over, returned="554 5.4.14 Hop count exceeded - possible mail loop"), "arrived", "routing_loop"),
            (dataclasses.replace(over, returned="550 5.7.1 no"), "arrived", "returned"),
            (dataclasses.replace(over, folder="Junk Email", is_junk=True), "arrived", "junk"),
            (dataclasses.replace(over, folder="Offers"), "arrived", "folder"),
            (dataclasses.replace(over, mailbox="Other server"), "arrived", "other_mailbox"),
            (over, "arrived", "nowhere"),
            (came(is_named=False), "recipient", "hidden"),
            (came(is_genuine=False, results={"spf": "fail", "dmarc": "fail"}), "authentication", "fail"),
            (came(is_genuine=False, results={}), "authentication", "untold"),
            (came(message_id="<2@x>"), "headers", "changed"),
            (came(references=()), "headers", "changed"),
            (came(objects=""), "headers", "changed"),
            (dataclasses.replace(over, folder="INBOX", is_fetched=True), "fetched", "missed"),
            (dataclasses.replace(over, failure="NO AUTHENTICATE failed."), "fetched", "refused"),
        ]
        for facts, leg, slug in table:
            with self.subTest(leg=leg, slug=slug):
                found = broken(judge(facts))
                self.assertEqual((found.leg, found.slug), (leg, slug))
                self.assertEqual([finding.leg for finding in judge(facts)], list(LEGS))
        self.assertEqual({leg for _facts, leg, _slug in table}, set(LEGS))

    def test_everything_is_proved_by_what_arrives_as_it_was_sent(self):
        for changes in ({}, {"envelope_from": ""}, {"is_internal": False, "results": {"dmarc": "pass"}}):
            findings = judge(dataclasses.replace(SENT, is_over=True, arrival=dataclasses.replace(ARRIVAL, **changes)))
            self.assertEqual({finding.state for finding in findings}, {"done"})

    def test_an_email_in_doubt_that_arrives_was_sent(self):
        facts = dataclasses.replace(SENT, sent="deferred", words="Connection lost", arrival=ARRIVAL, is_over=True)
        self.assertIsNone(broken(judge(facts)))

    def test_on_the_way_nothing_has_failed_yet(self):
        for facts in (dataclasses.replace(SENT, sent="", left_as=""), SENT, dataclasses.replace(SENT, failure="busy", failures=1)):
            self.assertFalse(is_decided(facts))
            self.assertIsNone(broken(judge(facts)))
            self.assertIn("todo", {finding.state for finding in judge(facts)})

    def test_what_ends_the_wait(self):
        for changes in ({"arrival": ARRIVAL}, {"sent": "refused"}, {"returned": "550"}, {"folder": "Junk"}, {"mailbox": "Other"},
                        {"failures": 2}, {"waited": PATIENCE + 1}):
            with self.subTest(changes):
                self.assertTrue(is_decided(dataclasses.replace(SENT, **changes)))


class TestArrival(unittest.TestCase):
    HEAD = (f"Return-Path: <{ERP}>\r\nFrom: Brant <{BRANT}>\r\nTo: {ADDRESS}\r\nMessage-Id: <1@contoso.example>\r\n"
            "References: <0@contoso.example>\r\n <9@contoso.example>\r\nX-Odoo-Objects: office365.setup-1\r\n")
    INTERNAL = ("Authentication-Results: dkim=none (message not signed)\r\n header.d=none;dmarc=none action=none\r\n"
                " header.from=contoso.example;\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n")

    def arrival(self, head):
        return arrival_of(message_from_bytes(f"{head}\r\nHello".encode()), ADDRESS, ["contoso.example"])

    def test_what_exchange_hands_out(self):
        self.assertEqual(self.arrival(self.INTERNAL + self.HEAD), dataclasses.replace(
            ARRIVAL, references=("<0@contoso.example>", "<9@contoso.example>")))
        self.assertFalse(self.arrival(self.HEAD).is_genuine)
        self.assertFalse(self.arrival(self.HEAD.replace(ADDRESS, ERP)).is_named)
        self.assertEqual(self.arrival(self.HEAD.replace(f"Return-Path: <{ERP}>", "Return-Path: <>")).envelope_from, "")
        self.assertTrue(self.arrival(self.HEAD.replace(ADDRESS, ERP) + f"X-MS-Exchange-Inbox-Rules-Loop: {ADDRESS}\r\n").is_named)

    def test_the_recipient_is_known_in_a_domain_that_no_server_of_ours_is_for(self):
        self.assertTrue(arrival_of(message_from_bytes(self.HEAD.encode()), ADDRESS, []).is_named)

    def test_results_are_those_of_the_topmost_header(self):
        value = ("spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=dkim=fail.example; dkim=fail (dmarc=pass) header.d=x;"
                 "dmarc=fail action=none")
        self.assertEqual(results_of([value, "dmarc=pass"]), {"spf": "pass", "dkim": "fail", "dmarc": "fail"})
        self.assertEqual(results_of([]), {})


class TestHeartbeat(unittest.TestCase):

    def test_once_a_day_and_once_more_after_a_first_failure(self):
        for hours, failures, is_waiting, expected in (
            (1, 0, False, False), (22, 0, False, False), (23, 0, False, True), (1, 1, False, True), (1, 2, False, False),
            (23, 2, False, True), (23, 0, True, False), (1, 1, True, False),
        ):
            with self.subTest(hours=hours, failures=failures, is_waiting=is_waiting):
                self.assertEqual(is_due(NOW - timedelta(hours=hours), failures, NOW, is_waiting=is_waiting), expected)

    def test_what_a_monitor_is_told(self):
        for hours, failures, is_on, is_here, expected in (
            (1, 0, True, True, "working"), (1, 1, True, True, "failing"), (51, 0, True, True, "late"), (51, 2, True, True, "failing"),
            (1, 0, False, True, "off"), (1, 1, True, False, "idle"), (None, 0, True, True, "idle"),
        ):
            with self.subTest(expected):
                last = hours and NOW - timedelta(hours=hours)
                self.assertEqual(state_of(last, failures, NOW, is_on=is_on, is_here=is_here), expected)
