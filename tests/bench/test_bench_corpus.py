"""The corpus of the benchmarks: the same paragraphs for every system, from both dataset kinds."""

import random
from itertools import islice
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus import (
    Article,
    Corpus,
    distinct_questions,
    load_corpus,
    write_articles,
    write_paragraphs,
)
from bench.growth import random_passages
from command import ROOT
from eval.datasets.jsonl import read_jsonl
from index.errors import BadInput
from known_runs import beir_set, write_jsonl

TEXT = "First one.\n\nSecond one. It has two sentences.\n\nThird one."


@pytest.fixture
def spans(tmp_path: Path) -> Path:
    """Two articles, of three paragraphs and one; three questions, one without an answer."""
    folder = tmp_path / "set"
    write_jsonl(
        folder / "corpus.jsonl",
        {"_id": "a", "title": "A", "text": TEXT},
        {"_id": "b", "title": "B", "text": "Another article."},
    )
    answers = [{"doc_id": "a", "start": 0, "end": 5}]
    write_jsonl(
        folder / "questions.jsonl",
        {"_id": "1", "text": "What is first?", "answerable": True, "answers": answers},
        {"_id": "2", "text": "What is not there?", "answerable": False, "answers": []},
        {"_id": "3", "text": "What comes first?", "answerable": True, "answers": answers},
    )
    return folder


def test_articles_contain_their_paragraphs(spans: Path) -> None:
    corpus = load_corpus(spans, 100, 100)
    assert [article.text for article in corpus.articles] == [TEXT, "Another article."]
    assert corpus.paragraphs == [*TEXT.split("\n\n"), "Another article."]
    assert sorted(corpus.questions) == ["What comes first?", "What is first?"]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_smaller_corpus_has_the_same_paragraphs_in_both_forms(spans: Path, n: int) -> None:
    corpus = load_corpus(spans, n, 1)
    assert corpus.paragraphs == [*TEXT.split("\n\n"), "Another article."][:n]
    assert "\n\n".join(article.text for article in corpus.articles) == "\n\n".join(
        corpus.paragraphs
    )
    assert len(corpus.questions) == 1


def test_the_drawn_questions_are_always_the_same() -> None:
    first, second = (load_corpus(ROOT / "eval" / "seeds", 5, 20).questions for _ in range(2))
    assert first == second
    assert len(set(first)) == 20


def test_the_shipped_set_has_ten_paragraphs_without_headings() -> None:
    corpus = load_corpus(ROOT / "eval" / "seeds", 400, 1000)
    (article,) = corpus.articles
    assert article.text == next((ROOT / "seeds").glob("*.txt")).read_text(encoding="utf-8")
    assert len(corpus.paragraphs) == 10
    assert all(paragraph in article.text.split("\n") for paragraph in corpus.paragraphs)
    rows = [row for _, row in read_jsonl(ROOT / "eval" / "seeds" / "questions.jsonl")]
    assert set(corpus.questions) == {row["text"] for row in rows if row["answerable"]}


def test_judged_sets_can_be_used(tmp_path: Path) -> None:
    corpus = load_corpus(beir_set(tmp_path), 400, 300)
    assert corpus.paragraphs
    assert all(p in a.text for a in corpus.articles for p in a.paragraphs)


def test_a_set_without_answers_is_refused(spans: Path) -> None:
    write_jsonl(
        spans / "questions.jsonl", {"_id": "1", "text": "What?", "answerable": False, "answers": []}
    )
    with pytest.raises(BadInput, match="no question with an answer"):
        load_corpus(spans, 10, 10)


def test_the_files_contain_the_corpus(spans: Path, tmp_path: Path) -> None:
    corpus = load_corpus(spans, 100, 100)
    articles = sorted(write_articles(corpus, tmp_path / "articles").iterdir())
    paragraphs = sorted(write_paragraphs(corpus, tmp_path / "paragraphs").iterdir())
    assert [file.read_text() for file in articles] == [a.text for a in corpus.articles]
    assert [file.read_text() for file in paragraphs] == corpus.paragraphs


questions = st.lists(
    st.lists(st.sampled_from("a b c d e f g".split()), min_size=1, max_size=6).map(" ".join),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(questions, st.integers(0, 80))
def test_questions_made_from_halves_are_distinct(given: list[str], n: int) -> None:
    variants = distinct_questions(tuple(given), n)
    assert len(set(variants)) == len(variants) <= n
    assert variants[: len(given)] == given[:n]
    assert {word for each in variants for word in each.split()} <= set(" ".join(given).split())


def test_questions_are_generated_until_there_are_enough() -> None:
    variants = distinct_questions(("who paid for it", "when did they leave", "why was that"), 7)
    assert variants[:3] == ["who paid for it", "when did they leave", "why was that"]
    assert variants[3:5] == ["who paid they leave", "when did was that"]
    assert len(variants) == 7


def test_random_passages_have_the_corpus_sentences_and_the_length_of_its_paragraphs() -> None:
    sentences = [f"Sentence number {i} is here." for i in range(30)]
    paragraphs = tuple(" ".join(sentences[i : i + 5]) for i in range(0, 30, 5))
    corpus = Corpus("c", (Article("a", "\n\n".join(paragraphs), paragraphs),), ("q",))
    passages = list(islice(random_passages(corpus, random.Random(0)), 500))
    longest = max(map(len, sentences))
    least = fmean(map(len, paragraphs))
    assert all(least <= len(passage) <= least + longest + 1 for passage in passages)
    assert len(set(passages)) == 500
    joined = " ".join(passages)
    for sentence in sentences:
        joined = joined.replace(sentence, "")
    assert not joined.strip()
