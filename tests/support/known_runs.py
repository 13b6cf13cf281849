"""Runs and datasets with known outcomes and measures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from sklearn.metrics import roc_auc_score

from eval.measures.measures import Outcome, RunPassage, calibration_error
from eval.runs.run_file import Run, RunQuestion
from index.types import Span

PASSAGE = RunPassage("d", Span(0, 9), 0.5, Span(0, 4), "One. Two.")


def run_question(
    question_id: str,
    measures: Mapping[str, float],
    confidence: float = 0.5,
    answerable: bool | None = None,
    passages: Sequence[RunPassage] = (PASSAGE,),
) -> RunQuestion:
    outcome = Outcome(question_id, confidence, tuple(passages))
    return RunQuestion(f"What is {question_id}?", answerable, outcome, dict(measures))


def run_of(*questions: RunQuestion, kind: str = "spans", dataset: str = "known") -> Run:
    """A run whose measures are computed from its questions by the standard library and
    scikit-learn."""
    names = dict.fromkeys(name for question in questions for name in question.measures)
    measures = {n: fmean(q.measures[n] for q in questions if n in q.measures) for n in names}
    labels = [q.answerable for q in questions if q.answerable is not None]
    if len(set(labels)) == 2:
        confidences = [q.outcome.confidence or 0.0 for q in questions if q.answerable is not None]
        measures["AUROC"] = float(roc_auc_score(labels, confidences))
        measures["ECE"] = calibration_error(labels, confidences)
    return Run(
        dataset=dataset,
        kind="beir" if kind == "beir" else "spans",
        split="test" if kind == "beir" else None,
        unanswerable=None,
        model="hash",
        ranking={"n_candidates": 100},
        cutoffs=(),
        n_documents=1,
        n_chunks=1,
        n_questions=len(questions),
        n_answerable=sum(labels) if labels else None,
        version="0.0",
        measures=measures,
        questions=questions,
    )


def write_jsonl(file: Path, *rows: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def span_set(folder: Path, *, answer: str = "forty", unanswerable: bool = True) -> Path:
    """Write two documents, two answerable questions and, if `unanswerable`, an unanswerable one;
    return the folder."""
    texts = {"aid": "The aid was forty percent.", "wing": "A wing has lift. It also has drag."}
    write_jsonl(folder / "corpus.jsonl", *({"_id": i, "text": t} for i, t in texts.items()))
    start = texts["aid"].index(answer)
    questions = [
        ("q1", "How much was the aid?", "aid", start, start + len(answer)),
        ("q2", "What has a wing?", "wing", 11, 15),
    ]
    rows: list[dict[str, object]] = [
        {
            "_id": i,
            "text": text,
            "answerable": True,
            "answers": [{"doc_id": d, "start": s, "end": e}],
        }
        for i, text, d, s, e in questions
    ]
    if unanswerable:
        rows.append({"_id": "q3", "text": "Who is king?", "answerable": False})
    write_jsonl(folder / "questions.jsonl", *rows)
    return folder


def beir_set(folder: Path) -> Path:
    """Write a BEIR set of three documents and two queries; return the folder. A judged document
    of the second query is not in the corpus."""
    texts = {"wing": "Lift of a wing.", "heat": "Heat in slabs.", "flow": "Flow past a plate."}
    write_jsonl(
        folder / "corpus.jsonl", *({"_id": i, "title": "", "text": t} for i, t in texts.items())
    )
    queries = {"1": "lift of a wing", "2": "heat conduction in slabs"}
    write_jsonl(folder / "queries.jsonl", *({"_id": i, "text": t} for i, t in queries.items()))
    (folder / "qrels").mkdir()
    qrels = "query-id\tcorpus-id\tscore\n1\twing\t2\n2\theat\t1\n2\tabsent\t1\n"
    (folder / "qrels" / "test.tsv").write_text(qrels)
    return folder
