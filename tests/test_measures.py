"""Measures against trec_eval itself, against values worked by hand, and by their definitions."""

from math import log2

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets import Answer, Question
from eval.measures import Found, Outcome, auroc, beir_measures, span_measures
from eval.run import document_run, to_trec
from index.types import Span

GRADES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 4), min_size=1)
QRELS = st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), GRADES, min_size=1)
RANKING = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(QRELS, st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), RANKING))
def test_beir_measures_are_trec_evals_with_absent_queries_as_zero(
    qrels: dict[str, dict[str, int]], rankings: dict[str, list[str]]
) -> None:
    run = {q: {d: 1.0 / (i + 1) for i, d in enumerate(ds)} for q, ds in rankings.items()}
    names = {
        "nDCG@10": "ndcg_cut_10",
        "R@10": "recall_10",
        "R@100": "recall_100",
        "MAP": "map",
    }
    oracle = pytrec_eval.RelevanceEvaluator(qrels, set(names.values())).evaluate(run)
    measured = beir_measures(qrels, run)
    for name, trec_name in names.items():
        total = sum(oracle[query][trec_name] for query in qrels if query in oracle)
        assert measured[name] == pytest.approx(total / len(qrels)), name


def test_beir_measures_equal_values_worked_by_hand() -> None:
    qrels = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"d": 1}, "silent": {"a": 1}}
    run = {"q1": {"c": 3.0, "b": 2.0, "a": 1.0}, "q2": {"x": 2.0, "d": 1.0}}
    measured = beir_measures(qrels, run, cutoffs=[2])
    ndcg_q1 = (1 / log2(3) + 2 / log2(4)) / (2 / log2(2) + 1 / log2(3))
    assert measured["nDCG@10"] == pytest.approx((ndcg_q1 + 1 / log2(3) + 0) / 3)
    assert measured["MRR@10"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert measured["MAP"] == pytest.approx(((1 / 2 + 2 / 3) / 2 + 1 / 2 + 0) / 3)
    assert measured["R@2"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert measured["R@100"] == pytest.approx((1 + 1 + 0) / 3)


def found(doc_id: str, start: int, end: int, highlight: tuple[int, int] | None = None) -> Found:
    return Found(doc_id, Span(start, end), 1.0, Span(*(highlight or (start, end))))


def test_span_measures_equal_values_worked_by_hand() -> None:
    questions = [
        Question("first", "?", (Answer("d", Span(10, 12)), Answer("d", Span(50, 52)))),
        Question("third", "?", (Answer("d", Span(10, 12)),)),
        Question("never", "?", (Answer("d", Span(10, 12)),)),
        Question("silent", "?", (Answer("d", Span(10, 12)),)),
        Question("none", "?", ()),
    ]
    outcomes = {
        "first": Outcome("first", 0.9, (found("d", 40, 60, (50, 55)),)),
        "third": Outcome(
            "third",
            0.2,
            # Cut in the middle of the answer, then in another document, then whole.
            (found("d", 0, 11), found("e", 0, 99), found("d", 10, 12)),
        ),
        "never": Outcome("never", 0.5, (found("d", 20, 30),)),
        "none": Outcome("none", 0.4, (found("d", 20, 30),)),
    }
    measured = span_measures(questions, outcomes, cutoffs=[2, 3])
    assert measured == pytest.approx(
        {
            "answer@1": 1 / 4,
            "answer@2": 1 / 4,
            "answer@3": 2 / 4,
            "answer@5": 2 / 4,
            "MRR@10": (1 + 1 / 3) / 4,
            "highlight@1": 1 / 4,
            # Against the one unanswerable at .4: .9 and .5 above, .2 and the silent one's 0 below.
            "AUROC": 2 / 4,
        }
    )


def test_highlight_counts_only_if_it_holds_the_answer() -> None:
    question = Question("q", "?", (Answer("d", Span(10, 12)),))
    outcome = Outcome("q", 1.0, (found("d", 0, 50, (20, 30)),))
    measured = span_measures([question], {"q": outcome})
    assert (measured["answer@1"], measured["highlight@1"]) == (1.0, 0.0)


def test_an_answer_behind_rank_ten_adds_nothing_to_mrr() -> None:
    question = Question("q", "?", (Answer("d", Span(10, 12)),))
    passages = (*(found("e", i, i + 1) for i in range(10)), found("d", 0, 50))
    assert span_measures([question], {"q": Outcome("q", 1.0, passages)})["MRR@10"] == 0


def test_measures_that_need_questions_of_a_kind_are_left_out_without_them() -> None:
    unanswerable = [Question("q", "?", ())]
    assert span_measures(unanswerable, {"q": Outcome("q", 0.5, ())}) == {}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9])), min_size=2))
def test_auroc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[bool, float]]) -> None:
    positive = [c for answerable, c in pairs if answerable]
    negative = [c for answerable, c in pairs if not answerable]
    if not positive or not negative:
        return
    right = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    labels, confidences = zip(*pairs, strict=True)
    assert auroc(labels, confidences) == pytest.approx(right / (len(positive) * len(negative)))


def test_a_document_stands_where_its_best_passage_does_and_ties_keep_their_order() -> None:
    passages = (found("b", 0, 1), found("a", 0, 1), found("b", 5, 6), found("c", 0, 1))
    run = document_run([Outcome("q", 1.0, passages)])
    assert list(run["q"]) == ["b", "a", "c"]
    assert run["q"]["b"] > run["q"]["a"] > run["q"]["c"]
    lines = [line.split() for line in to_trec([Outcome("q", 1.0, passages)])]
    assert [(line[0], line[1], line[2], line[3]) for line in lines] == [
        ("q", "Q0", "b", "1"),
        ("q", "Q0", "a", "2"),
        ("q", "Q0", "c", "3"),
    ]
    scores = [float(line[4]) for line in lines]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3
