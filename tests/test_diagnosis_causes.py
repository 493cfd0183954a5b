import re
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..tools.diagnosis.cause import ABOUT_OF, RETRYABLE, TOPIC_OF, TOPICS
from ..tools.diagnosis.causes.other import ANYTHING_ELSE, CODE_UNKNOWN, NUMBER_UNKNOWN
from ..tools.diagnosis.causes.sources import SOURCES
from ..tools.diagnosis.reader import CAUSES, diagnose

UNKNOWN = (NUMBER_UNKNOWN, CODE_UNKNOWN, ANYTHING_ELSE)

# The promise to other people's scripts (design, section 8).
PROMISED_TEXT = """
    smtp_auth_disabled_tenant smtp_auth_disabled_mailbox basic_auth_retired security_defaults conditional_access bad_credentials
    oauth_rejected not_authenticated unknown_mechanism federation_unreachable token_expired* mailbox_access_missing imap_auth_failed
    imap_throttled*
    name_not_resolved* connection_refused* timeout* connection_lost* tls_version certificate_untrusted server_busy* hello_missing bad_helo
    send_as_denied penalty_box sender_restricted sender_banned invalid_from_header unregistered_domain spam_rejected tenant_blocked
    ip_reputation
    rate_limited* concurrent_connections* daily_recipient_limit* tenant_recipient_limit* onmicrosoft_limit* too_many_recipients*
    message_too_large mailbox_full
    relay_denied direct_send_rejected greylisted* recipient_unknown recipient_restricted recipient_busy* routing_loop hve_internal_only
    forwarding_blocked sender_authentication_failed
    entra_user_unknown entra_user_blocked entra_bad_password entra_mfa_required entra_conditional_access entra_consent_missing
    entra_permission_missing entra_app_unknown entra_secret_invalid entra_secret_expired entra_certificate_invalid entra_grant_expired
    entra_redirect_mismatch entra_tenant_unknown entra_wrong_cloud entra_single_tenant entra_scope_invalid entra_public_client
    entra_unavailable* entra_throttled* unknown
"""
PROMISED = PROMISED_TEXT.split()


@tagged("post_install", "-at_install")
class TestCauses(BaseCase):

    def test_slugs_and_their_flags_are_those_promised(self):
        self.assertEqual([slug for slugs in TOPICS.values() for slug in slugs.split()], PROMISED)
        self.assertEqual(set(TOPIC_OF), {slug.rstrip("*") for slug in PROMISED})
        self.assertEqual(RETRYABLE, {slug[:-1] for slug in PROMISED if slug.endswith("*")})
        for cause in CAUSES:
            with self.subTest(cause.slug):
                self.assertIs(cause.retryable, f"{cause.slug}*" in PROMISED)
                self.assertIn(cause.slug, TOPIC_OF)
                self.assertIn(cause.about, ("server", "sender", "recipient", "message", ""))
                self.assertTrue(cause.about or cause.slug == "unknown", "who knows the cause knows what it is about")
        self.assertEqual(set(ABOUT_OF), set(TOPIC_OF))

    def test_every_slug_has_a_row(self):
        self.assertEqual({cause.slug for cause in CAUSES}, set(TOPIC_OF))

    def test_every_sign_shows_its_cause(self):
        """A row that an earlier one always hides would be a lie in the documentation."""
        for cause in CAUSES:
            for sign in cause.signs:
                code = min(sign.codes, default=f"5.{sign.subject}.998" if sign.subject else "")
                text = " ".join(filter(None, (sign.reply, code, *sign.words)))
                # Words that mean one thing where they pass and another where they stay need a code that says which.
                said = [text] if sign.codes or sign.reply or sign.subject else [text, f"550 {text}"]
                with self.subTest(text, slug=cause.slug):
                    found = [
                        diagnose(
                            each, protocol=None if len(cause.protocols) > 1 else min(cause.protocols),
                            stage=min(cause.only_at, default=None), worked_before=cause.after_success)
                        for each in said
                    ]
                    self.assertIn((cause.slug, cause.remedy), [(diagnosis.cause, diagnosis.template) for diagnosis in found])

    def test_a_remedy_names_a_command_or_a_screen(self):
        command = re.compile(r"\b(Set|Get|Add|New)-[A-Z]\w+")
        screen = re.compile(r"(center|portal|Settings|Preferences|Contacts) > [A-Z]")
        for cause in (*CAUSES, *UNKNOWN):
            with self.subTest(cause.slug, remedy=cause.remedy):
                self.assertTrue(command.search(cause.remedy) or screen.search(cause.remedy) or "Delist Portal > " in cause.remedy)
                self.assertNotRegex(cause.remedy, r"\s\s|%|\bplease\b")
                self.assertRegex(SOURCES[cause.source], "^https://")


@tagged("post_install", "-at_install")
class TestTroubleshootingPage(BaseCase):

    @classmethod
    def as_markdown(cls) -> str:
        """Return the table for people; `dev/o365 docs` writes it."""
        def plain(text):
            return text.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")

        def retried(cause):
            if cause.final:
                return "no"
            if not cause.retryable:
                return "if 4xx" if "smtp" in cause.protocols and cause.signs != () else "no"
            return f"yes, after {cause.retry_after // 60} min" if cause.retry_after else "yes"

        parts = []
        for topic in TOPICS:
            parts += [
                f"## {topic}", "",
                "| the server says | it means | retried | what to do | source |",
                "|---|---|---|---|---|",
            ]
            for cause in (*CAUSES, *UNKNOWN):
                if TOPIC_OF[cause.slug] == topic:
                    signs = "<br>".join(f"`{sign.shown}`" for sign in cause.signs) or "anything else"
                    parts.append(f"| {signs} | `{cause.slug}` | {retried(cause)} | {plain(cause.remedy)} "
                                 f"| [{cause.source}]({SOURCES[cause.source]}) |")
            parts.append("")
        return "\n".join(parts).strip()

    def test_the_page_for_people_shows_this_table(self):
        page = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
        if not page.parent.exists():
            self.skipTest("an installed addon has no docs folder")
        self.assertIn(self.as_markdown(), page.read_text(encoding="utf-8"), "run dev/o365 docs")
