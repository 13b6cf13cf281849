"""Measures against trec_eval, against values worked by hand, and against their definitions."""

from math import log2

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from eval.datasets.load import AnswerSpan, LabelledQuestion, SpanDataset
from eval.measures.measures import (
    Outcome,
    RunPassage,
    Statement,
    auroc,
    beir_values,
    brier_values,
    calibration_error,
    means,
    risk_coverage,
    span_values,
    statement_values,
)
from eval.runs.evaluate import document_run, measure, to_trec
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
    measured = beir_values(qrels, run)
    for name, trec_name in names.items():
        each = {query: oracle.get(query, {trec_name: 0.0})[trec_name] for query in qrels}
        assert measured[name] == pytest.approx(each), name
        assert means(measured)[name] == pytest.approx(sum(each.values()) / len(qrels)), name


def test_beir_measures_equal_values_worked_by_hand() -> None:
    qrels = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"d": 1}, "silent": {"a": 1}}
    run = {"q1": {"c": 3.0, "b": 2.0, "a": 1.0}, "q2": {"x": 2.0, "d": 1.0}}
    values = beir_values(qrels, run, cutoffs=[2])
    measured = means(values)
    ndcg_q1 = (1 / log2(3) + 2 / log2(4)) / (2 / log2(2) + 1 / log2(3))
    assert measured["nDCG@10"] == pytest.approx((ndcg_q1 + 1 / log2(3) + 0) / 3)
    assert values["nDCG@10"] == pytest.approx({"q1": ndcg_q1, "q2": 1 / log2(3), "silent": 0})
    assert measured["MRR@10"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert measured["MAP"] == pytest.approx(((1 / 2 + 2 / 3) / 2 + 1 / 2 + 0) / 3)
    assert measured["R@2"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert measured["R@100"] == pytest.approx((1 + 1 + 0) / 3)


def passage(
    doc_id: str, start: int, end: int, highlight: tuple[int, int] | None = None
) -> RunPassage:
    return RunPassage(doc_id, Span(start, end), 1.0, Span(*(highlight or (start, end))))


def test_span_measures_equal_values_worked_by_hand() -> None:
    questions = [
        LabelledQuestion(
            "first", "?", (AnswerSpan("d", Span(10, 12)), AnswerSpan("d", Span(50, 52)))
        ),
        LabelledQuestion("third", "?", (AnswerSpan("d", Span(10, 12)),)),
        LabelledQuestion("never", "?", (AnswerSpan("d", Span(10, 12)),)),
        LabelledQuestion("silent", "?", (AnswerSpan("d", Span(10, 12)),)),
        LabelledQuestion("none", "?", ()),
    ]
    outcomes = {
        "first": Outcome("first", 0.9, (passage("d", 40, 60, (50, 55)),)),
        "third": Outcome(
            "third",
            0.2,
            # Cut off within the answer, then in another document, then complete.
            (passage("d", 0, 11), passage("e", 0, 99), passage("d", 10, 12)),
        ),
        "never": Outcome("never", 0.5, (passage("d", 20, 30),)),
        "none": Outcome("none", 0.4, (passage("d", 20, 30),)),
    }
    values = span_values(questions, outcomes, cutoffs=[2, 3])
    assert values["MRR@10"] == {"first": 1, "third": 1 / 3, "never": 0, "silent": 0}
    assert values["highlight@1"] == {"first": 1, "third": 0, "never": 0, "silent": 0}
    assert means(values) == pytest.approx(
        {
            "answer@1": 1 / 4,
            "answer@2": 1 / 4,
            "answer@3": 2 / 4,
            "answer@5": 2 / 4,
            "MRR@10": (1 + 1 / 3) / 4,
            "highlight@1": 1 / 4,
        }
    )


def test_a_highlight_counts_only_if_it_contains_the_answer() -> None:
    question = LabelledQuestion("q", "?", (AnswerSpan("d", Span(10, 12)),))
    outcome = Outcome("q", 1.0, (passage("d", 0, 50, (20, 30)),))
    measured = means(span_values([question], {"q": outcome}))
    assert (measured["answer@1"], measured["highlight@1"]) == (1.0, 0.0)


def test_an_answer_beyond_rank_ten_adds_nothing_to_mrr() -> None:
    question = LabelledQuestion("q", "?", (AnswerSpan("d", Span(10, 12)),))
    passages = (*(passage("e", i, i + 1) for i in range(10)), passage("d", 0, 50))
    assert span_values([question], {"q": Outcome("q", 1.0, passages)})["MRR@10"] == {"q": 0}


def statement_of(*citations: tuple[str, int, int], stated: bool = True) -> Statement:
    return Statement(stated, tuple((doc_id, Span(start, end)) for doc_id, start, end in citations))


def test_statement_measures_equal_values_worked_by_hand() -> None:
    answers = (AnswerSpan("d", Span(10, 12)),)
    statements = {
        "right": statement_of(("e", 0, 50), ("d", 5, 15)),
        "wrong": statement_of(("d", 11, 15)),
        "silent": statement_of(("d", 10, 12), stated=False),
        "rightly silent": statement_of(("d", 0, 50), stated=False),
        "made up": statement_of(("d", 0, 50)),
    }
    questions = [
        *(LabelledQuestion(i, "?", answers) for i in ("right", "wrong", "silent", "not asked")),
        *(LabelledQuestion(i, "?", ()) for i in ("rightly silent", "made up")),
    ]
    outcomes = {i: Outcome(i, 0.5, (), statement) for i, statement in statements.items()}
    values = statement_values(questions, outcomes)
    assert values["right"] == {
        "right": 1, "wrong": 0, "silent": 0, "rightly silent": 1, "made up": 0,
    }  # fmt: skip
    assert [i for i, value in values["stated-wrong"].items() if value] == ["wrong", "made up"]
    assert [i for i, value in values["declined-wrong"].items() if value] == ["silent"]
    assert [i for i, value in values["candidate-right"].items() if value] == ["right", "silent"]
    assert values["answer-length"] == {
        "right": 60, "wrong": 4, "silent": 0, "rightly silent": 0, "made up": 50,
    }  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1))
def test_right_and_the_two_ways_to_be_wrong_cover_every_question(
    cases: list[tuple[bool, int]],
) -> None:
    questions, outcomes = [], {}
    for number, (answerable, kind) in enumerate(cases):
        i = str(number)
        questions.append(
            LabelledQuestion(i, "?", (AnswerSpan("d", Span(0, 2)),) if answerable else ())
        )
        cited = ("d", 0, 3) if kind % 3 else ("d", 1, 3)
        outcomes[i] = Outcome(i, 0.5, (), statement_of(cited, stated=kind > 2))
    values = statement_values(questions, outcomes)
    for i in outcomes:
        kinds = [values[name][i] for name in ("right", "stated-wrong", "declined-wrong")]
        assert sum(kinds) == 1


def test_the_risk_at_each_coverage_equals_a_value_worked_by_hand() -> None:
    correct, confidences = [True, False, True, False], [0.9, 0.7, 0.7, 0.1]
    assert risk_coverage(correct, confidences) == [(1 / 4, 0), (3 / 4, 1 / 3), (1, 1 / 2)]


def test_measures_without_questions_are_omitted() -> None:
    unanswerable = [LabelledQuestion("q", "?", ())]
    assert means(span_values(unanswerable, {"q": Outcome("q", 0.5, ())})) == {}


def test_the_confidence_is_measured_if_there_are_questions_of_both_kinds() -> None:
    answers = (AnswerSpan("d", Span(10, 12)),)
    questions = [LabelledQuestion("a", "?", answers), LabelledQuestion("silent", "?", answers)]
    unanswerable = LabelledQuestion("none", "?", ())
    outcomes = [Outcome("a", 0.9, ()), Outcome("none", 0.4, ())]
    dataset = SpanDataset("set", [], [*questions, unanswerable])
    measures, values = measure(dataset, outcomes)
    # Of .9 and the silent question's 0, one is above .4.
    assert measures["AUROC"] == 1 / 2
    assert values["Brier"] == pytest.approx({"a": 0.01, "silent": 1, "none": 0.16})
    assert measures["Brier"] == pytest.approx((0.01 + 1 + 0.16) / 3)
    assert "AUROC" not in values
    # One without a confidence counts as silent; if none has one, there is nothing to measure.
    unread = [*outcomes, Outcome("silent", None, ())]
    assert measure(dataset, unread) == (measures, values)
    uncalibrated = [Outcome(i, None, ()) for i in ("a", "silent", "none")]
    assert measure(dataset, uncalibrated)[0].keys() & {"AUROC", "ECE", "Brier"} == set()
    only_answerable, _ = measure(SpanDataset("set", [], questions), outcomes)
    assert only_answerable.keys() & {"AUROC", "ECE", "Brier"} == set()


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9])), min_size=2))
def test_auroc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[bool, float]]) -> None:
    positive = [c for answerable, c in pairs if answerable]
    negative = [c for answerable, c in pairs if not answerable]
    if not positive or not negative:
        return
    right = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    labels, confidences = zip(*pairs, strict=True)
    assert auroc(labels, confidences) == pytest.approx(right / (len(positive) * len(negative)))
    assert auroc(labels, confidences) == pytest.approx(roc_auc_score(labels, confidences))


@given(st.dictionaries(st.text(max_size=3), st.tuples(st.booleans(), st.floats(0, 1)), min_size=1))
def test_the_brier_score_is_scikit_learns(questions: dict[str, tuple[bool, float]]) -> None:
    answerable = {i: label for i, (label, _) in questions.items()}
    confidences = {i: confidence for i, (_, confidence) in questions.items()}
    oracle = brier_score_loss(list(answerable.values()), list(confidences.values()), labels=[0, 1])
    assert means(brier_values(answerable, confidences))["Brier"] == pytest.approx(oracle)


def test_the_calibration_error_equals_a_value_worked_by_hand() -> None:
    # (.2, .3] has .25 and .3: none of two answerable, mean confidence .275.
    # (.8, .9] has .85, .85, .9: two of three answerable, mean .8667. [0, .1] has 0: right.
    labels = [False, False, True, False, True, False]
    confidences = [0.25, 0.3, 0.85, 0.85, 0.9, 0.0]
    expected = 2 / 6 * 0.275 + 3 / 6 * (2.6 / 3 - 2 / 3) + 1 / 6 * 0
    assert calibration_error(labels, confidences) == pytest.approx(expected)


def test_a_document_has_the_rank_of_its_best_passage_and_ties_keep_their_order() -> None:
    passages = (passage("b", 0, 1), passage("a", 0, 1), passage("b", 5, 6), passage("c", 0, 1))
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
