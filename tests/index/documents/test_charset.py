"""Bytes are read in their encoding, and an uncertain encoding is reported."""

import codecs
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from eval.studies.encodings import Case, cases, classify
from index.documents.charset import decoded, known_encoding
from index.errors import BadInput, UnreadableDocument

FRENCH = "Le café de la gare, sa façade naïve, déjà fermé à Noël.\n"
GREEK = "Το λιμάνι ξαναχτίστηκε το 1931. Το φράγμα επισκευάστηκε από τον Μάιο.\n"
CASES = list(cases())


def test_many_encodings_are_measured() -> None:
    assert len({case.encoding for case in CASES}) >= 24
    assert set(Counter(case.length for case in CASES)) == {"short", "medium", "long"}


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.language}-{case.encoding}-{case.length}"
)
def test_no_text_is_read_in_a_wrong_encoding_without_a_warning(case: Case) -> None:
    assert classify(case) in ("right", "right, not sure")


def test_long_texts_in_common_encodings_are_certain() -> None:
    often = "cp1252 iso8859-1 cp1251 koi8-r cp932 euc_jp gb18030 big5 euc_kr cp1255 cp1256 tis-620"
    long = [case for case in CASES if case.length == "long" and case.encoding in often.split()]
    assert [case for case in long if classify(case) != "right"] == []


def test_utf_8_with_an_invalid_line_is_utf_8_and_the_line_is_reported() -> None:
    content = (FRENCH * 300).encode() + "café\n".encode("cp1252") + (FRENCH * 3).encode()
    found = decoded(content)
    assert found.text == FRENCH * 300 + "caf\ufffd\n" + FRENCH * 3
    assert (found.encoding, found.n_bad, found.bad_line) == ("utf-8", 1, 301)
    assert found.warning == (
        "read as utf-8, but 1 byte is invalid and replaced by \ufffd; the first is in line 301"
    )


@given(
    text=st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs", "Cc"]), min_size=3),
    cut=st.integers(1, 3),
)
@examples(100)
def test_utf_8_that_ends_within_a_character_is_utf_8(text: str, cut: int) -> None:
    content = text.encode()[:-cut]
    found = decoded(content)
    assert found.encoding == "utf-8"
    assert found.text == content.decode("utf-8", "replace").removeprefix("\ufeff")


def test_utf_8_that_begins_within_a_character_is_utf_8() -> None:
    assert decoded("é".encode()[1:] + FRENCH.encode()).text == "\ufffd" + FRENCH


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [FRENCH, GREEK, "Урожай погиб.\n" * 3, "農林水産省\n" * 5])
def test_utf_16_and_32_are_recognized_by_their_nuls(text: str, encoding: str) -> None:
    found = decoded(text.encode(encoding))
    assert (found.text, found.encoding, found.sure) == (text, encoding, True)


def test_utf_16_that_ends_within_a_character_is_read_up_to_it() -> None:
    found = decoded(FRENCH.encode("utf-16-le")[:-1])
    assert found.text == FRENCH[:-1] + "\ufffd"
    assert found.n_bad == 1


@pytest.mark.parametrize(
    "content",
    [
        b"some text\0with nul",
        "déjà vu, \0déjà lu".encode(),
        b"words " * 50 + b"\0" * 10,
        b"%PDF-1.4\n\0\1\2" + bytes(range(256)) * 3,
        bytes((i * i * 31 + i * 7) % 255 + 1 for i in range(3000)),
    ],
)
def test_bytes_that_are_not_text_are_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="binary"):
        decoded(content)


def test_a_guess_from_few_bytes_is_uncertain() -> None:
    found = decoded("Un café.".encode("cp1252"))
    assert (found.text, found.sure) == ("Un café.", False)
    assert found.warning == "read as cp1252, but this is uncertain; if it is wrong, set --encoding"


@pytest.mark.parametrize("end", ["", "Straße "])
def test_text_that_begins_like_an_image_is_text(end: str) -> None:
    text = "BMP ist kein Bild, die Größe zählt für ältere Fälle; überhaupt süß. " + end
    assert decoded(text.encode("cp1252")).text == text


def test_iso_2022_is_recognized_by_its_escapes_and_colour_codes_are_not() -> None:
    assert decoded("農林水産省\n".encode("iso2022_jp")).text == "農林水産省\n"
    assert decoded("한국어\n".encode("iso2022_kr")).text == "한국어\n"
    assert decoded(b"\x1b[31mred\x1b[0m for 5 \x1b$").encoding == "utf-8"


def test_a_given_encoding_is_used_for_any_bytes() -> None:
    content = "é".encode()
    found = decoded(content, "cp1252")
    assert (found.text, found.encoding, found.sure) == ("Ã©", "cp1252", True)
    assert decoded(GREEK.encode("cp1253"), fallback="cp1253").text == GREEK
    assert decoded(GREEK.encode(), fallback="cp1253").text == GREEK


def test_a_file_that_is_invalid_in_the_given_encoding_is_refused_with_the_line() -> None:
    with pytest.raises(UnreadableDocument, match="not shift_jis: line 2 is invalid") as caught:
        decoded(b"plain\n" + FRENCH.encode() * 20, "shift_jis")
    assert caught.value.kind == "encoding"


@pytest.mark.parametrize("name", ["", "foo", "base64", "hex", "rot13", "a\0b", "x" * 500, "é"])
def test_an_unknown_encoding_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="unknown text encoding"):
        known_encoding(name)


@pytest.mark.parametrize("name", ["UTF8", "latin1", "CP1252", "iso-8859-7", "shift_jis"])
def test_an_encoding_is_accepted_by_any_of_its_names(name: str) -> None:
    assert codecs.lookup(known_encoding(name)).name == codecs.lookup(name).name
