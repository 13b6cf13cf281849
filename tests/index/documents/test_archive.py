"""Zip archives within limits."""

import struct
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import examples
from index.documents import archive
from index.documents.archive import MAX_ENTRIES, MAX_EXPANDED_BYTES, Archive
from index.errors import UnreadableDocument
from office_files import zip_of

NAMES = st.text("abc/", min_size=1, max_size=8).filter(
    lambda name: not name.startswith("/") and "//" not in name and not name.endswith("/")
)


@given(parts=st.dictionaries(NAMES, st.binary(max_size=200_000), max_size=5))
@examples(50)
def test_entries_are_those_that_the_standard_library_wrote(parts: dict[str, bytes]) -> None:
    opened = Archive(zip_of(parts))
    assert opened.names == list(parts)
    assert {name: opened.read(name) for name in parts} == parts


def refusal(content: bytes) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as raised:
        read_all(content)
    return raised.value


def read_all(content: bytes) -> list[bytes]:
    opened = Archive(content)
    return [opened.read(name) for name in opened.names]


def test_too_many_entries_are_refused() -> None:
    error = refusal(zip_of({str(i): b"" for i in range(MAX_ENTRIES + 1)}))
    assert (error.kind, str(error)) == (
        "too-large", "10,001 files in one archive, over the limit of 10,000",
    )  # fmt: skip


def test_a_bomb_is_refused_by_its_declared_size_or_its_ratio() -> None:
    size = archive.RATIO_FREE_BYTES + 1
    error = refusal(zip_of({"a": b"\0" * size}))
    assert error.kind == "too-large"
    assert str(error).endswith("times, over the limit of 200 times")
    declared = with_declared_size(zip_of({"a": b"a"}), MAX_EXPANDED_BYTES + 2**20)
    assert str(refusal(declared)) == "257 MiB when expanded, over the limit of 256 MiB"


def with_declared_size(content: bytes, size: int) -> bytes:
    """The archive of one entry, with another size in its directory."""
    at = content.index(b"PK\x01\x02") + 24
    return content[:at] + struct.pack("<I", size) + content[at + 4 :]


def test_an_entry_that_is_larger_than_declared_is_damaged() -> None:
    error = refusal(with_declared_size(zip_of({"a": b"\0" * 2**22}), 100))
    assert error.kind == "damaged"


def test_names_that_lead_out_are_left_out() -> None:
    names = ["../a", "/b", "c/../../d", "./e", "f/./g", "good"]
    assert Archive(zip_of(dict.fromkeys(names, "x"))).names == ["good"]


def test_an_encrypted_entry_asks_for_a_copy_without_password() -> None:
    content = bytearray(zip_of({"a": b"a"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    error = refusal(bytes(content))
    assert (error.kind, str(error)) == (
        "password", "protected by a password; save a copy without one",
    )  # fmt: skip


def test_other_methods_of_compression_are_refused() -> None:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_BZIP2) as opened:
        opened.writestr("a", "a")
    assert refusal(stream.getvalue()).kind == "damaged"


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
def test_a_cut_archive_is_damaged(method: int) -> None:
    stream = BytesIO()
    with ZipFile(stream, "w", method) as opened:
        opened.writestr(ZipInfo("a"), bytes(range(256)) * 40, method)
    content = stream.getvalue()
    for n in range(2, len(content), max(1, len(content) // 100)):
        assert refusal(content[:n]).kind == "damaged"


def test_a_missing_entry_is_named() -> None:
    with pytest.raises(UnreadableDocument, match=r"damaged: b\.xml is missing"):
        Archive(zip_of({"a": b"a"})).read("b.xml")
