"""answer@budget counts the questions whose answer is in the passages that fit the tokens."""

import json
from itertools import accumulate
from pathlib import Path

import pytest

from command import rag
from eval.datasets.load import SpanDataset, load_dataset
from eval.runs.evaluate import index_dataset
from fakes import HashEmbedder, WordTokenizer
from known_runs import beir_set
from rag.pipeline import Pipeline
from rag.search.ranking import RankSettings

WORDS = "bakery river mill bread oven flour market town".split()


@pytest.fixture
def dataset(tmp_path: Path) -> SpanDataset:
    """Documents of 9 to 37 words, one passage each; a question about each; an unanswerable one."""
    folder = tmp_path / "set"
    folder.mkdir()
    texts = {
        f"d{i}": f"The {word} {'stands by the road ' * (1 + i)}and costs {i}00 coins."
        for i, word in enumerate(WORDS)
    }
    rows = [{"_id": name, "title": name, "text": text} for name, text in texts.items()]
    questions: list[dict[str, object]] = [
        {
            "_id": f"q{i}",
            "text": f"What does the {WORDS[i]} by the road cost, as the {WORDS[i - 1]} does?",
            "answerable": True,
            "answers": [{"answer": f"{i}00 coins", "doc_id": f"d{i}"}],
        }
        for i in range(len(WORDS))
    ]
    questions.append({"_id": "none", "text": "Who sings?", "answerable": False})
    for name, lines in (("corpus", rows), ("questions", questions)):
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    loaded = load_dataset(folder)
    assert isinstance(loaded, SpanDataset)
    return loaded


def test_it_is_the_share_of_answers_within_the_running_sum_of_tokens(
    dataset: SpanDataset,
) -> None:
    with index_dataset(dataset, HashEmbedder()) as corpus:
        pipeline = Pipeline.over(corpus.folder, HashEmbedder())
        needed = {
            q.question_id: tokens_to_answer(pipeline, q.text, q.answers[0].doc_id)
            for q in dataset.questions
            if q.answerable
        }
        pipeline.close()
        shares = []
        for budget in sorted({*needed.values(), min(needed.values()) - 1}):
            run = corpus.evaluate(RankSettings(), token_budget=budget).run
            shares.append(run.measures[f"answer@{budget}tokens"])
            assert shares[-1] == sum(n <= budget for n in needed.values()) / len(needed)
            assert {
                q.outcome.question_id: q.measures.get(f"answer@{budget}tokens")
                for q in run.questions
            } == {"none": None} | {i: float(n <= budget) for i, n in needed.items()}
        assert shares[0] == 0
        assert shares[-1] == 1


def tokens_to_answer(pipeline: Pipeline, query: str, doc_id: str) -> int:
    """The tokens of the passages up to the first of a document; each document is one passage."""
    passages = pipeline.search(query, 100).passages
    sums = accumulate(len(WordTokenizer().offsets(passage.text)) for passage in passages)
    return next(
        total
        for total, passage in zip(sums, passages, strict=True)
        if passage.citation.doc_id == doc_id
    )


def test_without_a_budget_it_is_not_measured(dataset: SpanDataset) -> None:
    with index_dataset(dataset, HashEmbedder()) as corpus:
        measures = corpus.evaluate(RankSettings()).run.measures
    assert not [name for name in measures if name.endswith("tokens")]


def test_a_beir_set_has_no_spans_and_is_refused(tmp_path: Path) -> None:
    done = rag("eval", "run", beir_set(tmp_path / "beir"), "--budget", "100")
    assert done.returncode == 2
    assert "--budget requires span-labelled questions" in done.stderr
