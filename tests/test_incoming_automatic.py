import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.automatic import Automatic, read

SYSTEM_MAILBOX = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e"
ANA = "From: Ana <ana@fabrikam.example>\r\n"
TO = "To: erp@contoso.example\r\nMessage-ID: <a1@fabrikam.example>\r\n"
REPLY = "In-Reply-To: <m1@erp>\r\nReferences: <m0@erp> <m1@erp>\r\n"
GENERATED = "Auto-Submitted: auto-generated\r\n"
ALL = "X-Auto-Response-Suppress: All\r\n"
# What some organisations put on whatever their people write.
FIRM = "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"
OWN_RULE = "X-MS-Exchange-Inbox-Rules-Loop: ana@fabrikam.example\r\n"
OUR_RULE = "X-MS-Exchange-Inbox-Rules-Loop: sales@contoso.example\r\n"
AGENT = "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\r\n"
REDIRECTED = GENERATED + "Resent-From: <sales@contoso.example>\r\n" + OUR_RULE + AGENT
NULL = "Return-Path: <>\r\n"
SYSTEM = f"From: Microsoft Outlook <{SYSTEM_MAILBOX}@contoso.onmicrosoft.com>\r\n"


def mail(*headers, subject="Re: Tour", author=ANA):
    return author + TO + f"Subject: {subject}\r\n" + "".join(headers)


def parsed(head):
    return email.message_from_bytes(f"{head}\r\nHello\r\n".encode(), policy=email.policy.SMTP)


@tagged("post_install", "-at_install")
class TestAutomatic(BaseCase):

    def test_an_automatic_answer_is_known_by_its_header(self):
        away = "Automatic reply: Tour"
        table = {
            "Exchange Online": (mail(GENERATED, ALL, OWN_RULE, REPLY, NULL, subject=away), "absence"),
            "Exchange Online, whose subject is another": (mail(GENERATED, ALL, OWN_RULE, REPLY, subject="I am away"), "other"),
            "a rule that answers with a template": (mail(GENERATED, ALL, OWN_RULE, AGENT, subject="We got your mail"), "other"),
            "an older Exchange, not marked": (mail(ALL, OWN_RULE, subject="Out of Office: Tour"), "absence"),
            "an own rule by an alias address": (
                mail(GENERATED, ALL, REPLY, NULL, "X-MS-Exchange-Inbox-Rules-Loop: ana@fabrikam.onmicrosoft.example\r\n", subject=away),
                "absence"),
            "RFC 3834": (mail("Auto-Submitted: auto-replied\r\n", REPLY), "other"),
            "RFC 3834 with a parameter": (mail('Auto-Submitted: auto-replied; owner-email="ana@fabrikam.example"\r\n'), "other"),
            "RFC 3834 with a comment": (mail("Auto-Submitted: auto-replied (vacation)\r\n"), "other"),
            "RFC 3834 in capitals": (mail("AUTO-SUBMITTED: Auto-Replied\r\n"), "other"),
            "an answer that is marked as generated": (mail(GENERATED, REPLY), "other"),
            "Auto-Submitted: vacation": (mail("Auto-Submitted: vacation\r\n"), "absence"),
            "X-Autoreply": (mail("X-Autoreply: yes\r\n", "Precedence: bulk\r\n"), "other"),
            "X-Autorespond": (mail("X-Autorespond: Tour\r\n"), "other"),
            "X-AutoReply-From": (mail("X-AutoReply-From: ana@fabrikam.example\r\n"), "other"),
            "Precedence: auto_reply": (mail("Precedence: auto_reply\r\n"), "other"),
            "X-POST-MessageClass": (mail("X-POST-MessageClass: 9; Autoresponder\r\n"), "other"),
            "subject and bulk in a reply": (mail(REPLY, "Precedence: junk\r\n", subject="Auto-Reply: Tour"), "absence"),
            "subject and null return path": (mail(REPLY, NULL, subject="Out of office"), "absence"),
            "subject and own rule in a reply": (mail(REPLY, OWN_RULE, subject=away), "absence"),
            "subject and the firm suppresses answers": (mail(REPLY, FIRM, subject=away), "absence"),
            "the rule in lower case": (mail(REPLY, AGENT.lower()), "other"),
            "null return path, suppressed, a reply": (mail(REPLY, NULL, ALL), "other"),
            "an out-of-office that was redirected": (mail(REDIRECTED, REPLY, subject=away), "absence"),
            "an out-of-office that was redirected, its own rule first": (mail(OWN_RULE, REDIRECTED, ALL, subject="I am away"), "other"),
            "another system's that was redirected": (mail("Auto-Submitted: auto-replied\r\n", REDIRECTED), "other"),
        }
        for name, (head, kind) in table.items():
            with self.subTest(name):
                self.assertEqual(read(parsed(head)), Automatic(kind))

    def test_the_subject_of_an_absence_is_known_in_many_languages(self):
        table = [
            "Automatische Antwort: Tour", "Abwesenheitsnotiz: Tour", "Réponse automatique : Tour", "Absence du bureau : Tour",
            "Respuesta automática: Tour",
            "Fuera de la oficina: Tour", "Risposta automatica: Tour", "Automatisch antwoord: Tour", "Resposta automática: Tour",
            "Autosvar: Tour",
            "Automatiskt svar: Tour", "Automatisk svar: Tour", "Automaattinen vastaus: Tour", "Odpowiedź automatyczna: Tour",
            "Automatická odpověď: Tour", "Automatikus válasz: Tour", "Răspuns automat: Tour", "Автоматический ответ: Tour",
            "Αυτόματη απάντηση: Tour",
            "Otomatik yanıt: Tour", "自動応答: Tour", "自动答复: Tour", "自动回复：Tour", "자동 회신: Tour", "رد تلقائي: Tour",
            "OUT OF OFFICE RE: Tour",
            "Out of Office AutoReply: Tour", "=?utf-8?Q?_Automatic_reply=3A?= Tour", "=?iso-8859-1?Q?R=E9ponse_automatique_:_Tour?=",
            "=?utf-8?B?UsOpcG9uc2UgYXV0b21h?=\r\n =?utf-8?Q?tique_:_Tour?=",
        ]
        for subject in table:
            with self.subTest(subject):
                self.assertEqual(read(parsed(mail(GENERATED, REPLY, subject=subject))), Automatic("absence"))

    def test_what_exchange_itself_writes_is_no_persons(self):
        table = [
            ("Your mailbox is almost full", "quota"), ("Your mailbox is full", "quota"), ("Ihr Postfach ist fast voll.", "quota"),
            ("Votre boîte aux lettres est presque pleine", "quota"), ("Su buzón está casi lleno", "quota"),
            ("La cassetta postale è quasi piena", "quota"),
            ("Uw postvak is bijna vol", "quota"), ("Sua caixa de correio está quase cheia", "quota"),
            ("Moderation request expired", "other"),
        ]
        for subject, kind in table:
            with self.subTest(subject):
                self.assertEqual(read(parsed(mail(subject=subject, author=SYSTEM))), Automatic(kind))
                named = mail(NULL, subject=subject, author="From: Microsoft Outlook <noreply@contoso.example>\r\n")
                self.assertEqual(read(parsed(named)), Automatic(kind))

    def test_what_a_person_writes_is_not_automatic(self):
        table = {
            "a mail": mail(subject="Tour"),
            "a reply": mail(REPLY),
            "said not to be": mail("Auto-Submitted: no\r\n", REPLY),
            "said not to be, with a comment": mail("Auto-Submitted: no (really)\r\n", REPLY),
            "nothing is suppressed": mail("X-Auto-Response-Suppress: None\r\n", REPLY),
            "nothing is suppressed in an own rule": mail("X-Auto-Response-Suppress: None\r\n", OWN_RULE, REPLY),
            "receipts are suppressed": mail("X-Auto-Response-Suppress: DR, RN, NRN\r\n", OWN_RULE, REPLY),
            "the firm suppresses all answers": mail(FIRM, REPLY),
            "the firm suppresses all answers to a new mail": mail(ALL, subject="Tour"),
            "X-Autoreply: no": mail("X-Autoreply: No\r\n", REPLY),
            "redirected": mail(REDIRECTED, subject="Tour"),
            "redirected reply": mail(REDIRECTED, REPLY),
            "redirected, of a firm that suppresses answers": mail(REDIRECTED, FIRM, REPLY),
            "redirected, only the rule is noted": mail(GENERATED, OUR_RULE, REPLY),
            "redirected, only Resent-From": mail(GENERATED, "Resent-From: sales@contoso.example\r\n", REPLY),
            "forwarded by a mailbox setting": mail(GENERATED, "X-MS-Exchange-ForwardingLoop: sales@contoso.example;1\r\n", REPLY),
            "forwarded by an own rule": mail(GENERATED, OWN_RULE, AGENT, REPLY, subject="FW: Tour"),
            "forwarded by an own rule, in German": mail(GENERATED, OWN_RULE, AGENT, REPLY, subject="WG: Tour"),
            "the subject alone": mail(subject="Automatic reply: does not work"),
            "the subject in a reply": mail(REPLY, subject="Automatic reply: does not work"),
            "the subject, redirected": mail(REDIRECTED, subject="Automatic reply: does not work"),
            "an answer to an out-of-office": mail(REPLY, FIRM, subject="Re: Automatic reply: Tour"),
            "a subject that goes on": mail(FIRM, REPLY, subject="Vacation plans for the team"),
            "an own rule alone": mail(OWN_RULE, REPLY),
            "null return path alone": mail(NULL, REPLY),
            "bulk": mail("Precedence: bulk\r\n", REPLY),
            "a newsletter": mail("Precedence: bulk\r\n", NULL, subject="Vacation: our offers"),
            "a contact form": mail(GENERATED, subject="New request"),
            "a ticket system, no answer": mail(GENERATED, ALL, subject="[Ticket 7] Tour"),
            "a mailbox is full, says a person": mail(subject="Your mailbox is full"),
            "Outlook's test message": mail(subject="Microsoft Outlook Test Message",
                author="From: Microsoft Outlook <ana@fabrikam.example>\r\n"),
            "the system mailbox as a name": mail(subject="Quota", author=f'From: "{SYSTEM_MAILBOX}@x.example" <ana@fabrikam.example>\r\n'),
            "a report": mail("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
                "Auto-Submitted: auto-replied\r\n", author=SYSTEM),
            "empty": "",
        }
        for name, head in table.items():
            with self.subTest(name):
                self.assertIsNone(read(parsed(head)))
