"""Mails and mailboxes: headers, quotations, parts, attachments and their places."""

import email
import mailbox
from base64 import b64encode
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import examples, texts
from index.documents.loader import Content, LoadOptions, loader_named
from index.documents.loaders.delimited import CsvLoader
from index.documents.loaders.mail import MailboxLoader, MailLoader
from index.documents.mail.body import write_body
from index.documents.mail.mailbox import messages_in
from index.documents.mail.message_text import MAX_NESTED
from index.documents.markup_text import MarkupText
from index.errors import UnreadableDocument
from index.places import by_kind, ranges_of
from mail_files import mail_of, mailbox_of
from pdf_files import PdfPage, lines_of, pdf_of

HEADERS = """\
From: =?utf-8?q?J=C3=BCrgen_Gro=C3=9F?= <j@example.org>
To: ada@example.org, "Babbage, C." <cb@example.org>
Subject: =?iso-8859-1?q?Pr=E9cis?= of the
 meeting
Date: Fri, 27 Nov 2026 02:00:54 +0100
Message-ID: <1@example.org>
"""

TABLE = b"item,price\ntea,2\nmilk,3\n"


def loaded(mail: EmailMessage | bytes | str) -> Content:
    if isinstance(mail, EmailMessage):
        mail = mail.as_bytes()
    return MailLoader().load(mail.encode() if isinstance(mail, str) else mail, LoadOptions())


def new_mail(body: str = "See the files.", subject: str = "Files") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ada@example.org", subject
    mail.set_content(body)
    return mail


def body_of(body: str, *, is_forward: bool = False) -> str:
    text = MarkupText()
    write_body(body, text, level=2, is_forward=is_forward)
    return text.text


def label_at(content: Content, word: str, kind: str) -> str:
    """The label of the place of this kind that holds at the first occurrence of a word."""
    start = content.text.index(word)

    def line_of(offset: int) -> int:
        return content.text.count("\n", 0, offset)

    ranges = ranges_of(by_kind(content.places), start, start + len(word), line_of)
    return next((each.first for each in ranges if each.kind == kind), "")


# Headers


def test_headers_are_items_below_the_subject_and_metadata() -> None:
    content = loaded(f"{HEADERS}\nTea is served at five.\n")
    assert content.text == (
        "# Précis of the meeting\n\n"
        "- From: Jürgen Groß <j@example.org>\n"
        '- To: ada@example.org, "Babbage, C." <cb@example.org>\n'
        "- Date: Fri, 27 Nov 2026 02:00:54 +0100\n\n"
        "Tea is served at five."
    )
    assert content.title == "Précis of the meeting"
    assert content.metadata == {
        "from": "Jürgen Groß <j@example.org>",
        "to": 'ada@example.org, "Babbage, C." <cb@example.org>',
        "subject": "Précis of the meeting",
        "author": "Jürgen Groß",
        "date": "2026-11-27T02:00:54+01:00",
    }


@given(subject=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80))
@examples(60)
def test_a_subject_is_read_as_the_standard_library_wrote_it(subject: str) -> None:
    assert loaded(new_mail(subject=subject)).metadata["subject"] == subject


def test_headers_that_are_not_encoded_are_read_as_utf_8_or_windows_1252() -> None:
    for charset in ("utf-8", "cp1252"):
        content = loaded("Subject: Café\n\nText.\n".encode(charset))
        assert content.title == "Café"


def test_a_mail_without_subject_date_or_body_is_its_headers() -> None:
    content = loaded("From: ada@example.org\nDate: yesterday\n\n")
    assert content.text == "# (no subject)\n\n- From: ada@example.org\n- Date: yesterday"
    assert content.metadata == {"from": "ada@example.org", "author": "ada@example.org"}


def test_a_file_without_headers_of_mails_is_damaged() -> None:
    with pytest.raises(UnreadableDocument, match="not a mail") as raised:
        loaded("Dear diary,\n\nit rained.\n")
    assert raised.value.kind == "damaged"


# Bodies


def test_lines_with_marks_are_quotations_of_their_depth() -> None:
    body = "It costs 5.\n\n> What does\n> it cost?\n>\n>> Hello.\n> > Again.\n\nBye."
    assert body_of(body) == (
        "It costs 5.\n\n> What does\n> it cost?\n\n> > Hello.\n> > Again.\n\nBye."
    )


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 3 Nov 2026 at 10:00, Bob <b@example.org> wrote:",
        "On Mon, 3 Nov 2026 at 10:00, Bob\n<b@example.org> wrote:",
        "Am 03.11.2026 um 10:00 schrieb Bob:",
        "Le 3 nov. 2026 à 10:00, Bob a écrit :",
        "-----Original Message-----",
        "---- Ursprüngliche Nachricht ----",
    ],
)
def test_all_after_an_attribution_is_a_quotation_even_without_marks(attribution: str) -> None:
    line = attribution.replace("\n", " ")
    written = body_of(f"It costs 5.\n\n{attribution}\n\nWhat is the cost?\n\nBob")
    own, *quoted = written.split("\n\n")
    assert own == "It costs 5."
    assert quoted == [f"> {line}", "> What is the cost?", "> Bob"]


def test_outlooks_copy_of_the_headers_begins_a_quotation() -> None:
    body = "It costs 5.\n\nFrom: Bob\nSent: Monday\nTo: Ada\nSubject: Cost\n\nWhat is the cost?"
    own, *quoted = body_of(body).split("\n\n")
    assert own == "It costs 5."
    assert quoted[0] == "> From: Bob"
    assert all(part.startswith("> ") for part in quoted)


def test_a_name_that_wrote_is_an_attribution_only_before_marks() -> None:
    assert body_of("Bob wrote:\n\n> Hi.\n\nYes.") == "> Bob wrote:\n\n> Hi.\n\nYes."
    assert body_of("Bob wrote:\n\nHi.") == "Bob wrote:\n\nHi."


def test_own_text_follows_a_quotation_with_marks() -> None:
    body = "On 3 May, Bob wrote:\n> Cost?\n\nFive.\n\n> Where?\n\nHere."
    assert body_of(body) == ("> On 3 May, Bob wrote:\n\n> Cost?\n\nFive.\n\n> Where?\n\nHere.")


def test_a_forwarded_message_is_no_quotation() -> None:
    body = "-----Original Message-----\nFrom: Bob\nSent: Monday\n\nTea costs 5."
    assert "> " not in body_of(body, is_forward=True)
    mail = new_mail(body, subject="Fwd: Prices")
    assert loaded(mail).text.endswith("\n\nTea costs 5.")
    assert loaded(new_mail(body, subject="Re: Prices")).text.endswith("\n\n> Tea costs 5.")


def test_signatures_are_left_out_up_to_the_next_quotation() -> None:
    body = "Five.\n-- \nAda\n\nCountess\n\n> Cost?\n> -- \n> Bob\n"
    assert body_of(body) == "Five.\n\n> Cost?"
    assert body_of("Five.\n-- \nAda\n-----Original Message-----\nCost?").startswith("Five.\n\n> ")
    assert body_of("Five.\n\n--\n\nAda") == "Five.\n\n--\n\nAda"


def test_lists_and_underlined_headings_of_a_body_are_kept() -> None:
    body = "Agenda\n======\n\n- Prices\n- Tea\n\nSee you."
    assert body_of(body) == "## Agenda\n\n- Prices\n- Tea\n\nSee you."


def test_plain_text_is_preferred_to_html_unless_it_is_blank() -> None:
    for plain, expected in (("Plain.", "Plain."), (" \n", "Rich text.")):
        mail = new_mail(plain)
        mail.add_alternative("<h1>Big</h1><p>Rich text.</p>", subtype="html")
        assert loaded(mail).text.endswith(f"\n\n{expected}")


def test_an_html_body_is_below_the_subject_with_its_quotations_and_anchors() -> None:
    mail = new_mail()
    mail.set_content(
        "<h1 id='p'>Prices</h1><p>Tea costs 5.</p><blockquote><p>What of tea?</p></blockquote>",
        subtype="html",
    )
    content = loaded(mail)
    assert content.text.endswith("\n\n## Prices\n\nTea costs 5.\n\n> What of tea?")
    assert label_at(content, "Tea costs", "anchor") == "#p"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "koi8-r", "no-such-charset"])
def test_a_body_is_decoded_by_its_charset(charset: str) -> None:
    word = "чай" if charset == "koi8-r" else "thé"
    encoded = word.encode("utf-8" if charset.startswith("no") else charset)
    head = f"Subject: a\nContent-Type: text/plain; charset={charset}\n"
    head += "Content-Transfer-Encoding: base64\n\n"
    assert loaded(head.encode() + b64encode(encoded)).text.endswith(f"\n\n{word}")


# Attachments


def test_attachments_are_sections_as_their_own_loaders_read_them() -> None:
    mail = new_mail()
    mail.add_attachment(TABLE, maintype="text", subtype="csv", filename="prices.csv")
    mail.add_attachment("Rain fell.\n\nThen sun.\n", filename="weather.log")
    content = loaded(mail)
    alone = CsvLoader().load(TABLE, LoadOptions())
    assert content.text.endswith(
        f"\n\n## Attachment: prices.csv\n\n{alone.text}"
        "\n\n## Attachment: weather.log\n\nRain fell.\n\nThen sun."
    )
    assert "- Attachment: prices.csv\n- Attachment: weather.log\n\n" in content.text
    assert label_at(content, "See the", "part") == ""
    assert label_at(content, "milk", "part") == "prices.csv"
    assert label_at(content, "milk", "row") == "3"
    assert label_at(content, "Then sun", "part") == "weather.log"
    assert label_at(content, "Then sun", "row") == ""


def test_pages_of_an_attachment_are_labels_of_pages() -> None:
    mail = new_mail()
    pages = pdf_of([PdfPage(lines_of("Tea is hot.")), PdfPage(lines_of("Milk is cold."))])
    mail.add_attachment(pages, maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment("The end.", filename="b.txt")
    content = loaded(mail)
    assert content.pages == ()
    assert label_at(content, "Tea is hot", "page-label") == "1"
    assert label_at(content, "Milk is cold", "page-label") == "2"
    assert label_at(content, "The end", "page-label") == ""


def test_headings_of_an_attachment_are_below_its_own() -> None:
    mail = new_mail()
    markdown = "Top\n===\n\nText.\n\n## Sub ##\n\nMore.\n"
    mail.add_attachment(markdown, subtype="markdown", filename="a.md")
    levels = {heading.text: heading.level for heading in loaded(mail).headings}
    assert levels == {"Files": 1, "Attachment: a.md": 2, "Top": 3, "Sub ##": 4}


def test_a_block_that_an_attachment_does_not_close_ends_with_it() -> None:
    mail = new_mail()
    mail.add_attachment("Run:\n\n```\nmake\n", subtype="markdown", filename="a.md")
    mail.add_attachment("The end.", filename="b.txt")
    assert [heading.text for heading in loaded(mail).headings][-1] == "Attachment: b.txt"


@given(attached=texts("text/markdown"))
@examples(60)
def test_the_section_after_any_attachment_is_found(attached: str) -> None:
    mail = new_mail()
    mail.add_attachment(attached, subtype="markdown", filename="a.md")
    mail.add_attachment("The end.", filename="b.txt")
    content = loaded(mail)
    assert content.headings[-1].text == "Attachment: b.txt"
    assert label_at(content, "## Attachment: b.txt", "part") == "b.txt"


def test_an_attachment_that_is_refused_is_named_and_the_mail_is_read() -> None:
    mail = new_mail()
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment(b"\x89PNG\0", maintype="image", subtype="png", filename="b.png")
    content = loaded(mail)
    assert content.warning is not None
    assert content.warning.startswith("1 part could not be read: a.pdf (")
    assert content.text.endswith("- Attachment: a.pdf\n- Attachment: b.png\n\nSee the files.")


def test_attached_messages_are_sections() -> None:
    mail = new_mail()
    mail.add_attachment(new_mail("Tea costs 5.", "Prices"))
    inner = new_mail("Milk costs 3.", "Milk").as_bytes()
    mail.add_attachment(inner, maintype="application", subtype="x", filename="m.eml")
    content = loaded(mail)
    assert [(each.level, each.text) for each in content.headings] == [
        (1, "Files"),
        (2, "Prices"),
        (2, "Milk"),
    ]
    assert label_at(content, "Milk costs", "part") == "m.eml"


def test_messages_in_each_other_are_read_to_a_limit() -> None:
    mail = new_mail("Text 0.")
    for depth in range(1, 12):
        outer = new_mail(f"Text {depth}.")
        outer.add_attachment(mail)
        mail = outer
    content = loaded(mail)
    assert content.text.count("Text ") == MAX_NESTED
    assert content.warning == "1 part could not be read: Files (in more than 8 messages)"


def test_a_mail_with_parts_nested_without_end_is_refused_or_read() -> None:
    head = "Subject: a\n" + "".join(
        f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(3000)
    )
    with pytest.raises(UnreadableDocument, match="nested too deeply"):
        loaded(head)


# Mailboxes


def test_each_message_of_a_mailbox_is_a_section_with_its_id_or_number() -> None:
    first = f"{HEADERS}\nTea costs 5.\n\nFrom May on it costs 6.\n".encode()
    box = mailbox_of([first, mail_of("Milk", "Milk costs 3.")])
    content = MailboxLoader().load(box, LoadOptions())
    assert content.title is None
    assert [each.text for each in content.headings] == ["Précis of the meeting", "Milk"]
    assert "\n\nFrom May on it costs 6.\n\n# Milk" in content.text
    assert label_at(content, "From May", "part") == "1@example.org"
    assert label_at(content, "Milk costs", "part") == "2"


@given(bodies=st.lists(texts(), min_size=1, max_size=4))
@examples(60)
def test_a_mailbox_has_the_messages_that_the_standard_library_finds(
    bodies: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    box = mailbox_of([mail_of("A", f"{body}\nFrom here on.") for body in bodies])
    path: Path = tmp_path_factory.mktemp("box") / "a.mbox"
    path.write_bytes(box)
    with closing(mailbox.mbox(path)) as opened:
        expected = [message.get_payload(decode=True) for message in opened]
    found = [email.message_from_bytes(each).get_payload(decode=True) for each in messages_in(box)]
    assert len(found) == len(bodies)
    assert [_unescaped(each) for each in expected] == [_unescaped(each) for each in found]


def _unescaped(payload: object) -> bytes:
    assert isinstance(payload, bytes)
    return payload.replace(b">From ", b"From ").rstrip(b"\n")


def test_a_line_from_without_a_time_and_a_header_is_text() -> None:
    box = "From a Fri Nov 27 02:00:54 2026\nSubject: A\n\nFrom 2:00 on\n\nFrom now: x\n"
    assert len(messages_in(box.encode())) == 1


def test_a_damaged_message_is_named_and_the_others_are_read() -> None:
    separator = "From a Fri Nov 27 02:00:54 2026\n"
    box = f"{separator}X-A: 1\n\nText.\n\n{separator}Subject: B\n\nMilk costs 3.\n"
    content = MailboxLoader().load(box.encode(), LoadOptions())
    assert content.text == "# B\n\nMilk costs 3."
    assert content.warning is not None
    assert content.warning.startswith("1 part could not be read: message 1 (not a mail")


def test_a_mailbox_without_a_message_that_can_be_read_is_damaged() -> None:
    box = b"From a Fri Nov 27 02:00:54 2026\nX-A: 1\n\nText.\n"
    with pytest.raises(UnreadableDocument, match="message 1") as raised:
        MailboxLoader().load(box, LoadOptions())
    assert raised.value.kind == "damaged"


def test_a_file_that_does_not_begin_with_a_message_is_no_mailbox() -> None:
    with pytest.raises(UnreadableDocument, match="not a mailbox") as raised:
        MailboxLoader().load(b"Subject: A\n\nText.\n", LoadOptions())
    assert raised.value.kind == "damaged"


def test_the_registry_names_the_loaders() -> None:
    assert isinstance(loader_named("index.documents.loaders.mail:MailLoader"), MailLoader)
