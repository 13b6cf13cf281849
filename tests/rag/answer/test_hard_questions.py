"""Questions whose answer looks like another sentence, asked of small documents, real model."""

import pytest

from hard_questions import COMPARED, FORMS, NEGATION, ORDER, PARTS, PLURALS, ROOMS, TINY
from index.protocols import Embedder
from small_documents import Case
from small_library import SmallLibrary, flat

CASES = [
    pytest.param(case, id=f"{kind}-{number}")
    for kind, cases in (
        ("negation", NEGATION),
        ("order", ORDER),
        ("forms", FORMS),
        ("plurals", PLURALS),
        ("parts", PARTS),
        ("tiny", TINY),
        ("compared", COMPARED),
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


def test_both_sides_of_a_comparison_are_cited(library: SmallLibrary) -> None:
    answer = library.ask(ROOMS, COMPARED[0].question)
    headings = [sentence.citation.headings[-1] for sentence in answer.sentences]
    assert headings == ["Larch room", "Birch room"]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_at_most_k_passages_are_shown_best_first_with_those_that_are_quoted(
    library: SmallLibrary, k: int
) -> None:
    answer = library.ask(ROOMS, PARTS[0].question, k)
    scores = [passage.score for passage in answer.passages]
    assert len(scores) == min(k, 3)
    assert scores == sorted(scores, reverse=True)
    assert [passage.rank for passage in answer.passages] == list(range(1, len(scores) + 1))
    shown = {passage.citation.headings[-1] for passage in answer.passages}
    quoted = {sentence.citation.headings[-1] for sentence in answer.sentences}
    assert len(shown & quoted) == min(k, 2)
