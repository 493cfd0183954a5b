import struct
import time

from odoo.tests import BaseCase, tagged

from ..tools.incoming.mending.tnef import attachments, text


def attribute(level, number, data):
    return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*items):
    return struct.pack("<I", len(items)) + b"".join(items)


def prop(number, kind, *values, named=b""):
    padded = b"".join(struct.pack("<I", len(value)) + value + b"\0" * (-len(value) % 4) for value in values)
    return struct.pack("<HH", kind, number) + named + struct.pack("<I", len(values)) + padded


def file_of(title, content, *items, code_page="cp1252"):
    parts = [attribute(2, 0x00069002, b"\x01\x00" + b"\xff" * 12), attribute(2, 0x00018010, title.encode(code_page, "replace") + b"\0")]
    parts += [attribute(2, 0x0006800F, content)] if content else []
    parts += [attribute(2, 0x00069005, properties(*items))] if items else []
    return b"".join(parts)


def container(*files, code_page=1252, body=b"", items=()):
    head = [attribute(1, 0x00089006, struct.pack("<I", 0x00010000)), attribute(1, 0x00069007, struct.pack("<II", code_page, 0))]
    head += [attribute(1, 0x0002800C, body + b"\0")] if body else []
    head += [attribute(1, 0x00069003, properties(*items))] if items else []
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(head) + b"".join(files)


def wide(name):
    return name.encode("utf-16-le") + b"\0\0"


@tagged("post_install", "-at_install")
class TestTnef(BaseCase):

    def test_files_by_their_best_name(self):
        inner = container(file_of("inner.txt", b"Inner"))
        fixed = struct.pack("<HHI", 0x0003, 0x0E20, 7) + struct.pack("<HHHxx", 0x000B, 0x7FFE, 1)
        named = b"\x11" * 16 + struct.pack("<II", 1, 6) + wide("ab") + b"\0\0"
        numbered = b"\x11" * 16 + struct.pack("<II", 0, 0x8501)
        table = [
            ([file_of("OFFER~1.TXT", b"Offer")], 1252, [("OFFER~1.TXT", b"Offer")]),
            ([file_of("Grüße.txt", b"a")], 1252, [("Grüße.txt", b"a")]),
            ([file_of("Привет.txt", b"a", code_page="cp1251")], 1251, [("Привет.txt", b"a")]),
            ([file_of("日本.txt", b"a", code_page="cp932")], 932, [("日本.txt", b"a")]),
            ([file_of("A~1.TXT", b"a", prop(0x3707, 0x1F, wide("Grüße 日本.txt")))], 1252, [("Grüße 日本.txt", b"a")]),
            ([file_of("A~1.TXT", b"a", prop(0x3707, 0x1E, "Grüße.txt".encode("cp1252") + b"\0"))], 1252, [("Grüße.txt", b"a")]),
            ([file_of("A.TXT", b"a", fixed[:8], fixed[8:], prop(0x8001, 0x1F, wide("x"), named=named),
                      prop(0x8002, 0x101F, wide("x"), wide("yz"), named=numbered), prop(0x3707, 0x1F, wide("b.txt")))], 1252,
                      [("b.txt", b"a")]),
            ([file_of("A.TXT", b"", prop(0x3701, 0x0102, b"data"))], 1252, [("A.TXT", b"data")]),
            ([file_of("A.TXT", b"a"), file_of("B.TXT", b"b")], 1252, [("A.TXT", b"a"), ("B.TXT", b"b")]),
            ([file_of("M", b"", prop(0x3701, 0x000D, b"\0" * 16 + inner))], 1252, [("inner.txt", b"Inner")]),
            ([file_of("..\\..\\a.txt", b"a")], 1252, [("a.txt", b"a")]), ([file_of("", b"a")], 1252, [("attachment", b"a")]),
            ([], 1252, []),
        ]
        for number, (files, code_page, expected) in enumerate(table):
            with self.subTest(number=number):
                self.assertEqual(attachments(container(*files, code_page=code_page)), expected)

    def test_what_is_damaged_gives_nothing(self):
        whole = container(file_of("A.TXT", b"content" * 9, prop(0x3707, 0x1F, wide("b.txt"))), file_of("B.TXT", b"b"))
        starts = [len(container()), len(container(file_of("A.TXT", b"content" * 9, prop(0x3707, 0x1F, wide("b.txt")))))]
        for size in range(len(container()), len(whole)):
            if attachments(whole[:size]):
                self.assertGreaterEqual(size, starts[1] - 200)  # it ends between two attributes: nobody can tell
        self.assertEqual(attachments(whole[:-1]), [])
        for place in range(len(whole)):
            changed = bytearray(whole)
            changed[place] ^= 0x55
            attachments(bytes(changed))
        cut = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, 100) + wide("b.txt")
        self.assertEqual(attachments(container(file_of("a", b"a"), attribute(2, 0x00069005, cut))), [])
        altered = bytearray(whole)
        altered[whole.index(b"content")] ^= 1
        self.assertEqual(attachments(bytes(altered)), [])
        for nothing in (b"", b"x", b"\x78\x9f\x3e\x22", b"\x78\x9f\x3e\x22\x01"):
            self.assertEqual(attachments(nothing), [])
            self.assertEqual(text(nothing), "")

    def test_it_is_bounded(self):
        inner = container(file_of("deep.txt", b"Deep"))
        for _level in range(50):
            inner = container(file_of("M", b"", prop(0x3701, 0x000D, b"\0" * 16 + inner)))
        self.assertEqual(attachments(inner), [])
        self.assertEqual(len(attachments(container(*[file_of("a", b"a")] * 1000))), 200)
        for count in (0xFFFFFFFF, 1000):
            for bad in (struct.pack("<IHHI", count, 0x101F, 0x3707, count),
                struct.pack("<IHH", count, 0x1003, 0x3707) + struct.pack("<I", count)):
                began = time.thread_time()
                self.assertEqual(attachments(container(file_of("a", b"a"), attribute(2, 0x00069005, bad))), [])
                self.assertLess(time.thread_time() - began, 2)

    def test_its_plain_text(self):
        for source, expected in (
                (container(), ""), (container(body="Grüße".encode("cp1252")), "Grüße"),
                (container(items=[prop(0x1000, 0x1F, wide("Grüße"))]), "Grüße"),
                (container(items=[prop(0x1000, 0x1E, b"Gr\xfc\xdfe\0")]), "Grüße")):
            self.assertEqual(text(source), expected)
