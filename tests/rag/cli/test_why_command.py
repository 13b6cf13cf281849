"""`rag why`: its arguments and its output."""

import json
from pathlib import Path

import pytest

from command import rag
from fakes import HashEmbedder
from index.documents.load import document_of
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from rag.answer.why.expected import Expected
from rag.cli.document_names import documents_in
from rag.cli.why import expected_in

QUESTION = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
SEED = "seeds/000_7140c98bc3163d31.txt"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("docs/a.md", Expected("docs/a.md")),
        ("a.md:3", Expected("docs/a.md", (3, 3))),
        ("docs/a.md:3-5", Expected("docs/a.md", (3, 5))),
        ("notes:7", Expected("notes:7")),  # the id of a document, although it looks like a line
        ("notes:7:2", Expected("notes:7", (2, 2))),
        ("docs/b*", Expected("docs/b.md")),
        ("c.md", Expected("c.md")),
        ("c.md:4", Expected("c.md", (4, 4))),
    ],
)
def test_an_argument_is_a_document_with_optional_lines_after_a_colon(
    tmp_path: Path, name: str, expected: Expected
) -> None:
    documents = [
        document_of("River.", doc_id, media_type="text/plain", name=doc_id)
        for doc_id in ("docs/a.md", "docs/b.md", "notes:7")
    ]
    ingest_documents(tmp_path, documents, HashEmbedder())
    rows = documents_in(tmp_path)
    assert expected_in(rows, name) == expected
    assert str(expected_in(rows, name)).endswith(name.rpartition("/")[2].replace("*", ".md"))
    with pytest.raises(BadInput, match="matches 2 documents"):
        expected_in(rows, "docs/*:3")


def test_each_step_is_a_line_and_the_last_line_has_the_step_that_lost_it(seeds_index: Path) -> None:
    done = rag("why", QUESTION, f"{SEED}:1", "-k", "1", "--index", seeds_index)
    assert done.returncode == 0, done.stderr
    found = json.loads(
        rag("why", QUESTION, f"{SEED}:1", "-k", "1", "--json", "--index", seeds_index).stdout
    )
    lines = done.stdout.splitlines()
    marks = {True: "✓", False: "✗"}
    assert [line for line in lines if line[:1] in "✓✗" and line] == [
        f"{marks[step['passed']]}  {step['stage']:<11}  {step['detail']}" for step in found["steps"]
    ]
    assert lines[-1] == f"{SEED}:1 was lost at this step: {found['lost_at']}."
    assert found["lost_at"] in {"rank", "reranking"}


def test_a_document_outside_the_index_is_no_error(seeds_index: Path) -> None:
    done = rag("why", QUESTION, "no.txt", "--index", seeds_index)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "no.txt was lost at this step: document."
