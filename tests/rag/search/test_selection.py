"""A filter selects the documents of its definition, for any characters in their ids."""

from collections.abc import Iterator
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damaging import spoil
from documents import examples
from fakes import HashEmbedder
from index.documents.load import document_of
from index.errors import IndexDamaged
from index.ingest.ingest import ingest_documents
from index.publish.snapshot import EmbeddedSnapshot
from rag.results import Filter
from rag.search.filter import chunks_within

ALPHABET = "aAé[]!^*?-\n\0'\"\\😀"
IDS = sorted(
    {
        *(a + b for a in ALPHABET for b in ALPHABET),
        *ALPHABET,
        "a/b.md",
        "a/c.txt",
        "A/b.md",
        "[a]/b.md",
        "e\u0301.md",
        "é.md",
    }
)
MEDIA_TYPES = ["text/plain", "text/markdown"]
MEDIA_TYPE_OF = {doc_id: MEDIA_TYPES[i % 2] for i, doc_id in enumerate(IDS)}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSnapshot]:
    folder = tmp_path_factory.mktemp("index")
    documents = [
        document_of("Aid came.", doc_id, media_type=MEDIA_TYPE_OF[doc_id], name=doc_id)
        for doc_id in IDS
    ]
    ingest_documents(folder, documents, HashEmbedder())
    snapshot = EmbeddedSnapshot.open(folder)
    yield snapshot
    snapshot.close()


def selected(snapshot: EmbeddedSnapshot, filter: Filter) -> set[str]:
    ids = chunks_within(snapshot, filter).tolist()
    assert ids == sorted(set(ids))
    return {stored.doc_id for stored in snapshot.chunks(ids)}


def named(filter: Filter) -> set[str]:
    """Select by the definition, document by document."""
    return {
        doc_id
        for doc_id in IDS
        if (
            filter.doc_id is None
            or any(doc_id == text or fnmatchcase(doc_id, text) for text in filter.doc_id)
        )
        and (filter.media_type is None or MEDIA_TYPE_OF[doc_id] in filter.media_type)
    }


texts = st.text("aAé[]!^*?-\n\0'\"\\😀/.bcmd\ud800", max_size=5) | st.sampled_from(IDS)


@examples(400)
@given(
    st.none() | st.lists(texts, min_size=1, max_size=6),
    st.none()
    | st.lists(st.sampled_from([*MEDIA_TYPES, "other", "text/plain\0"]), min_size=1, max_size=3),
)
def test_a_filter_selects_the_documents_of_its_definition(
    snapshot: EmbeddedSnapshot, doc_id: list[str] | None, media_type: list[str] | None
) -> None:
    filter = Filter(doc_id=doc_id, media_type=media_type)
    assert selected(snapshot, filter) == named(filter)


def test_a_pattern_is_refused_if_one_of_its_documents_is_lost(tmp_path: Path) -> None:
    documents = [
        document_of("Aid came.", doc_id, media_type="text/plain", name=doc_id) for doc_id in "ab"
    ]
    ingest_documents(tmp_path, documents, HashEmbedder())
    spoil(tmp_path, "DELETE FROM documents WHERE doc_id = 'b'")
    with (
        closing(EmbeddedSnapshot.open(tmp_path)) as snapshot,
        pytest.raises(IndexDamaged, match="list of"),
    ):
        chunks_within(snapshot, Filter(doc_id=["*"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[!a]/b.md", {"A/b.md"}),  # in SQLite's GLOB, `!` or `a`
        ("[^a]/b.md", {"a/b.md"}),  # in SQLite's GLOB, anything but `a`
        ("[a]/b.md", {"[a]/b.md", "a/b.md"}),
        ("?/b.md", {"a/b.md", "A/b.md"}),
        ("a/*", {"a/b.md", "a/c.txt"}),
        ("é.md", {"é.md"}),
    ],
)
def test_patterns_are_those_of_fnmatchcase_and_a_text_also_matches_itself(
    snapshot: EmbeddedSnapshot, text: str, expected: set[str]
) -> None:
    assert selected(snapshot, Filter(doc_id=[text])) == expected
