"""Answers that are labelled in a near-identical passage count as found in the one that is shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets.load import AnswerSpan, LabelledQuestion, SpanDataset, load_dataset
from eval.measures.measures import Outcome, RunPassage, Statement, span_values, statement_values
from eval.runs.budget import budget_values
from eval.runs.copies import corresponding
from eval.runs.evaluate import Evaluation, index_dataset
from eval.studies.calibrate import examples_of
from fakes import HashEmbedder
from index.types import Span
from known_runs import write_jsonl
from rag.pipeline import Pipeline
from rag.search.ranking import RankSettings

WORDS = st.lists(st.sampled_from(["one", "two", "three", "four", "five"]), min_size=1, max_size=12)


def part(text: str, words: str) -> Span:
    start = text.index(words)
    return Span(start, start + len(words))


def counterpart(text: str, words: str, other: str) -> str:
    whole, other_whole = Span(0, len(text)), Span(0, len(other))
    return corresponding(text, whole, part(text, words), other, other_whole).of(other)


@pytest.mark.parametrize(
    ("text", "words", "other", "expected"),
    [
        ("a b c d e", "b c", "a b c d e", "b c"),
        ("a b c d e", "b c", "x x a b c d e", "b c"),
        ("a b c d e", "b c d", "a b X d e", "b X d"),
        # A word that differs corresponds to all that stands between the equal ones.
        ("a b c d e", "c", "a b X Y d e", "X Y"),
        ("a b c d e", "b c d", "a b d e", "b d"),
        ("a b c d e", "c", "a b d e", ""),
        ("a b c d e", "d e", "a b c d e f", "d e"),
        ("a  b\nc d", "b\nc", "a b c d", "b c"),
        ("one two.", "two", "One two!", "One two!"),
    ],
)
def test_the_corresponding_words_are_those_at_the_aligned_places(
    text: str, words: str, other: str, expected: str
) -> None:
    assert counterpart(text, words, other) == expected


@given(WORDS, st.data())
def test_in_an_equal_text_a_span_of_words_corresponds_to_itself(
    words: list[str], data: st.DataObject
) -> None:
    text = " ".join(words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start = len(" ".join([*words[:first], ""]))
    span = Span(start, start + len(" ".join(words[first : last + 1])))
    shifted = "Zero. " + text
    whole, other = Span(0, len(text)), Span(6, len(shifted))
    assert corresponding(text, whole, span, shifted, other) == Span(span.start + 6, span.end + 6)


def test_only_words_of_the_passages_are_aligned() -> None:
    text, other = "a b. b c.", "b c. d."
    span = corresponding(text, Span(5, 9), Span(0, 9), other, Span(0, 4))
    assert span.of(other) == "b c."


# The measures


def test_a_label_in_a_duplicate_counts_as_found_and_right() -> None:
    question = LabelledQuestion("q", "?", (AnswerSpan("copy", Span(10, 12)),))
    first = RunPassage("other", Span(0, 50), 1.0, Span(0, 20))
    shown = RunPassage(
        "shown",
        Span(0, 50),
        0.5,
        Span(5, 20),
        duplicates=(("copy", Span(2, 52)),),
        highlight_copies=(("copy", Span(7, 22)),),
    )
    cited = Statement(True, (("shown", Span(5, 20)),), (("copy", Span(7, 22)),))

    def values(*passages: RunPassage) -> dict[str, float]:
        outcomes = {"q": Outcome("q", 0.5, passages, cited)}
        both = span_values([question], outcomes) | statement_values([question], outcomes)
        return {name: by_id["q"] for name, by_id in both.items()}

    second = values(first, shown)
    assert (second["answer@1"], second["answer@5"], second["MRR@10"]) == (0, 1, 0.5)
    assert second["highlight@1"] == 0
    alone = values(shown)
    assert (alone["answer@1"], alone["highlight@1"]) == (1, 1)
    assert (alone["right"], alone["stated-wrong"], alone["candidate-right"]) == (1, 0, 1)


def test_a_duplicate_that_is_cut_before_the_answer_counts_as_nothing() -> None:
    question = LabelledQuestion("q", "?", (AnswerSpan("copy", Span(10, 12)),))
    shown = RunPassage("shown", Span(0, 50), 1.0, Span(0, 9), duplicates=(("copy", Span(0, 11)),))
    outcomes = {"q": Outcome("q", 0.5, (shown,), Statement(True, (("shown", Span(0, 9)),)))}
    assert span_values([question], outcomes)["answer@1"] == {"q": 0}
    assert statement_values([question], outcomes)["right"] == {"q": 0}


# A run

NOTICE = (
    "The bridge over the river Aare was built by the town in spring. It is made of oak and iron. "
    "The toll is paid at the northern gate, and children cross without paying. "
)


def set_with_a_copy(folder: Path, labelled: str) -> SpanDataset:
    """Two documents with nearly the same text; the answer is labelled in one of them."""
    texts = {"a": NOTICE + "Posted here.", "b": "To all. " + NOTICE + "Posted there."}
    rows = [{"_id": i, "title": "Notice", "text": text} for i, text in texts.items()]
    write_jsonl(folder / "corpus.jsonl", *rows)
    question = {"_id": "q", "text": "Of what is the bridge made?", "answerable": True}
    answers = [{"answer": "made of oak and iron", "doc_id": labelled}]
    write_jsonl(folder / "questions.jsonl", question | {"answers": answers})
    dataset = load_dataset(folder)
    assert isinstance(dataset, SpanDataset)
    return dataset


def run(dataset: SpanDataset, embedder: HashEmbedder) -> tuple[Evaluation, dict[str, float]]:
    """The evaluation, and the values of answer@budget."""
    with index_dataset(dataset, embedder) as corpus:
        pipeline = Pipeline.over(corpus.folder, embedder)
        within = budget_values(pipeline, dataset.questions, 200)
        pipeline.close()
        return corpus.evaluate(RankSettings()), within["answer@200tokens"]


def test_a_run_finds_the_answer_whichever_copy_is_labelled(tmp_path: Path) -> None:
    for labelled in ("a", "b"):
        dataset = set_with_a_copy(tmp_path / labelled, labelled)
        evaluation, within = run(dataset, HashEmbedder())
        (question,) = evaluation.run.questions
        (passage,) = question.outcome.passages
        assert {passage.doc_id, passage.duplicates[0][0]} == {"a", "b"}
        measures = question.measures
        assert (measures["answer@1"], measures["MRR@10"], measures["highlight@1"]) == (1, 1, 1)
        assert measures["candidate-right"] == 1
        assert within == {"q": 1}


def test_the_text_of_the_copies_is_that_of_the_corpus(tmp_path: Path) -> None:
    dataset = set_with_a_copy(tmp_path, "a")
    texts = {document.doc_id: document.text for document in dataset.documents}
    (question,) = run(dataset, HashEmbedder())[0].run.questions
    (passage,) = question.outcome.passages
    ((doc_id, highlight),) = passage.highlight_copies
    shown = passage.highlight.of(texts[passage.doc_id])
    assert highlight.of(texts[doc_id]) == shown == "It is made of oak and iron."


@pytest.mark.parametrize("labelled", ["a", "b"])
def test_the_fit_of_the_confidence_judges_and_deletes_near_identical_passages(
    labelled: str, tmp_path: Path
) -> None:
    dataset = set_with_a_copy(tmp_path, labelled)
    with index_dataset(dataset, HashEmbedder()) as corpus:
        examples = examples_of(corpus, RankSettings())
    # Without both copies nothing is left that could be judged.
    assert [(example.deleted, example.is_right) for example in examples] == [(False, True)]
