"""An answer is a unit of meaning: questions about small documents, with the real model."""

from itertools import pairwise

import pytest

from index.protocols import Embedder
from small_documents import ABSENT, ECHOES, EXACT, LINES, SUBJECTS, Case
from small_library import SmallLibrary, flat

CASES = [
    pytest.param(case, id=f"{kind}-{number}")
    for kind, cases in (
        ("exact", EXACT),
        ("echo", ECHOES),
        ("subject", SUBJECTS),
        ("absent", ABSENT),
        ("lines", LINES),
    )
    for number, case in enumerate(cases, 1)
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> SmallLibrary:
    return SmallLibrary(tmp_path_factory.mktemp("library"), embedder)


@pytest.mark.parametrize("case", CASES)
def test_the_answer_says_what_was_asked_and_nothing_else(library: SmallLibrary, case: Case) -> None:
    answer = library.ask(case.document, case.question)
    assert answer.answered == (case.says is not None), answer.text
    said = flat(answer.text)
    assert [part for part in case.says or () if flat(part) not in said] == [], answer.text
    assert [part for part in case.leaves_out if flat(part) in said] == [], answer.text


@pytest.mark.parametrize("case", CASES)
def test_every_citation_is_the_slice_of_the_document_that_it_names(
    library: SmallLibrary, case: Case
) -> None:
    for sentence in library.ask(case.document, case.question).sentences:
        quotes = [case.document[each.start : each.end] for each in sentence.citations]
        assert quotes == [each.quote for each in sentence.citations]
        assert sentence.text == "\n".join(quotes)
        ends = [(each.start, each.end) for each in sentence.citations]
        assert ends == sorted(ends)
        assert all(a[1] <= b[0] for a, b in pairwise(ends))
