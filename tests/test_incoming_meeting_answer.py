import base64
import email.policy

from odoo.tests import BaseCase, tagged

from ..tools.incoming.filters.meeting_answer import MeetingAnswer, read

HEAD = "From: Ana <ana@fabrikam.example>\r\nTo: erp@contoso.example\r\nSubject: Accepted: Tour\r\n"


def calendar(method="REPLY", uid="UID:tour-7\r\n"):
    method = f"METHOD:{method}\r\n" if method else ""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{method}BEGIN:VEVENT\r\n{uid}SUMMARY:Tour\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def alternative(parameters="; method=REPLY", body=None, extra="", own="multipart/alternative", words="Yes"):
    return (f"{HEAD}Content-Type: {own}; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain\r\n\r\n{words}\r\n--c\r\n"
            f"Content-Type: text/calendar{parameters}\r\n{extra}\r\n{calendar() if body is None else body}\r\n--c--\r\n")


def parsed(source):
    return email.message_from_bytes(source.encode("utf-8", "surrogateescape"), policy=email.policy.SMTP)


@tagged("post_install", "-at_install")
class TestMeetingAnswer(BaseCase):

    def test_an_answer_has_its_method_and_the_meeting(self):
        attached = "Content-Disposition: attachment; filename=invite.ics\r\n"
        table = {
            "beside a text": (alternative(), "REPLY", "tour-7"),
            "alone": (f"{HEAD}Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n\r\n{calendar()}", "REPLY", "tour-7"),
            "method in the calendar only": (alternative(""), "REPLY", "tour-7"),
            "method in the type only": (alternative(body=calendar("")), "REPLY", "tour-7"),
            "lower case, quoted": (alternative('; method="reply"', calendar("reply")), "REPLY", "tour-7"),
            "another time is proposed": (alternative("; method=COUNTER", calendar("COUNTER")), "COUNTER", "tour-7"),
            "the proposal is declined": (alternative("; method=DECLINECOUNTER", calendar("DECLINECOUNTER")), "DECLINECOUNTER", "tour-7"),
            "in a mixed message, with a file": (alternative(own="multipart/mixed"), "REPLY", "tour-7"),
            "as a file with its method": (alternative(extra=attached, own="multipart/mixed"), "REPLY", "tour-7"),
            "folded id": (alternative(body=calendar(uid="UID:0400\r\n 00E0\r\n")), "REPLY", "040000E0"),
            "id with a parameter": (alternative(body=calendar(uid="UID;X-A=1:tour-7\r\n")), "REPLY", "tour-7"),
            "id with white space": (alternative(body=calendar(uid="UID: tour-7 \r\n")), "REPLY", "tour-7"),
            "no id": (alternative(body=calendar(uid="")), "REPLY", ""),
            "parameter and encoding in capitals": (
                alternative("; METHOD=Reply", extra="Content-Transfer-Encoding: BASE64 \r\n", body="VUlEOnRvdXItNwo="), "REPLY", "tour-7"),
            "UTF-16": (
                alternative("; charset=utf-16", extra="Content-Transfer-Encoding: base64\r\n",
                            body=base64.b64encode(calendar().encode("utf-16")).decode()), "REPLY", "tour-7"),
            "base64": (
                alternative(extra="Content-Transfer-Encoding: base64\r\n", body="TUVUSE9EOlJFUExZClVJRDp0b3VyLTcK"), "REPLY", "tour-7"),
            "with a comment": (alternative(words="I will be ten minutes late."), "REPLY", "tour-7"),
            "Exchange's class": (f"{HEAD}X-MS-Exchange-Message-Class: IPM.Schedule.Meeting.Resp.Pos\r\n\r\n", "REPLY", ""),
            "Exchange's class in winmail.dat": (
                f"{HEAD}Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nYes\r\n--c\r\nContent-Type: application/ms-tnef\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\neJ8+IgEIgAcAIAAAAElQTS5NaWNyb3NvZnQgU2NoZWR1bGUuTXRnUmVzcFAA\r\n--c--\r\n",
                "REPLY", ""),
        }
        for name, (source, method, uid) in table.items():
            with self.subTest(name):
                self.assertEqual(read(parsed(source)), MeetingAnswer(method, uid))

    def test_news_about_a_meeting_is_ordinary_mail(self):
        attached = "Content-Disposition: attachment; filename=tour.ics\r\n"
        table = {
            "invitation": alternative("; method=REQUEST", calendar("REQUEST")),
            "invitation, method in the calendar": alternative("", calendar("REQUEST")),
            "cancelled": alternative("; method=CANCEL", calendar("CANCEL")),
            "published": alternative("; method=PUBLISH", calendar("PUBLISH")),
            "added": alternative("; method=ADD", calendar("ADD")),
            "asks for the latest": alternative("; method=REFRESH", calendar("REFRESH")),
            "type and calendar disagree": alternative("; method=REPLY", calendar("REQUEST")),
            "calendar and type disagree": alternative("; method=REQUEST", calendar("REPLY")),
            "no method": alternative("", calendar("")),
            "a file of an answer": alternative("; name=tour.ics", extra=attached, own="multipart/mixed"),
            "a file of an answer, in capitals": alternative("", extra=attached.replace("attachment", "ATTACHMENT"), own="multipart/mixed"),
            "a file of another type": alternative("").replace("text/calendar", "application/ics"),
            "subject alone": f"{HEAD}\r\nI accept.\r\n",
            "quotes one": f"{HEAD}Content-Type: text/plain\r\n\r\n{calendar()}",
            "forwards one": f"{HEAD}Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n\r\nDid you see?\r\n--f\r\n"
                            f"Content-Type: message/rfc822\r\n\r\n{alternative()}\r\n--f--\r\n",
            "method in a description": alternative("", "BEGIN:VCALENDAR\r\nDESCRIPTION:x\r\n METHOD:REPLY\r\nEND:VCALENDAR\r\n"),
            "another class": f"{HEAD}X-MS-Exchange-Message-Class: IPM.Schedule.Meeting.Request\r\n\r\nx\r\n",
            "empty": "",
        }
        for name, source in table.items():
            with self.subTest(name):
                self.assertIsNone(read(parsed(source)))
