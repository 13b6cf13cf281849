"""Cross-encoders: compiled, equal to sentence-transformers' CrossEncoder, and never with torch."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from command import ROOT
from index.encode.compile_pairs import CompiledPairModels
from index.encode.model_files import find_model
from index.encode.onnx_pair_model import OnnxCrossEncoder
from index.errors import ModelUnusable
from rag.models.load_pairs import load_reranker
from rag.search.ranking import RankSettings
from rag.search.rerankers import CrossEncoder
from readers import tiny_bert

TEXTS = [
    "Aid was cut in winter.",
    "",
    "The economy collapsed within a year, and nobody was surprised. " * 40,
    "Ünïcödé 👩‍👩‍👧 漢字",
    "?",
]
QUESTIONS = ["Who cut the aid?", "x", "What collapsed? " * 60]


def write_cross_encoder(folder: Path, prompts: dict[str, str] | None = None) -> Path:
    """A small BERT with random weights and the default model's tokenizer."""
    from sentence_transformers import CrossEncoder as Original
    from transformers import AutoTokenizer, BertForSequenceClassification

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(find_model().path)
    config = tiny_bert(len(tokenizer), 128, num_labels=1)
    model = BertForSequenceClassification(config)
    model.classifier.weight.data.mul_(10)
    model.save_pretrained(folder / "plain")
    tokenizer.model_max_length = 128
    tokenizer.save_pretrained(folder / "plain")
    if prompts is None:
        return folder / "plain"
    name = next(iter(prompts))
    made = Original(str(folder / "plain"), prompts=prompts, default_prompt_name=name, device="cpu")
    made.save_pretrained(str(folder / "prompted"))
    return folder / "prompted"


@pytest.fixture(scope="module", params=[None, {"query": "Find passages for this question: "}])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("model"), request.param)


def original(folder: Path) -> Any:
    from sentence_transformers import CrossEncoder as Original

    return Original(str(folder), device="cpu", local_files_only=True)


def test_scores_are_those_of_sentence_transformers(folder: Path, tmp_path: Path) -> None:
    model, models = find_model(str(folder)), CompiledPairModels(tmp_path, "reranker")
    manifest = models.compile(model, "fp32")
    assert manifest.failure == ""
    scores = OnnxCrossEncoder(models.load(manifest))
    theirs = original(folder)
    for question in QUESTIONS:
        expected = theirs.predict(
            [(question, text) for text in TEXTS], activation_fn=torch.nn.Sigmoid(), batch_size=2
        )
        np.testing.assert_allclose(scores(question, TEXTS), expected, atol=1e-4)


def test_a_prompt_changes_the_scores(tmp_path: Path) -> None:
    plain, prompted = (
        write_cross_encoder(tmp_path / name, prompts)
        for name, prompts in (("a", None), ("b", {"query": "Find passages for this question: "}))
    )
    settings = [
        CompiledPairModels(tmp_path / "cache", "reranker").first(find_model(str(each))).settings
        for each in (plain, prompted)
    ]
    assert [each.prompt for each in settings] == ["", "Find passages for this question: "]


def test_eight_bits_are_used_if_the_scores_agree(folder: Path, tmp_path: Path) -> None:
    manifest = CompiledPairModels(tmp_path, "reranker").first(find_model(str(folder)))
    assert manifest.precision == "int8"
    assert 0.98 <= manifest.agreement < 1


def test_a_compiled_cross_encoder_is_used_without_torch(folder: Path, tmp_path: Path) -> None:
    assert isinstance(
        load_reranker(RankSettings(rerank=str(folder)), "cpu", tmp_path), CrossEncoder
    )
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from rag.models.load_pairs import load_reranker\n"
        "from rag.search.ranking import RankSettings\n"
        f"ranking = RankSettings(rerank={str(folder)!r})\n"
        f"reranker = load_reranker(ranking, 'cpu', Path({str(tmp_path)!r}))\n"
        "print(len(reranker._cross_encode('Who?', ['They.', 'We.'])))\n"
        "print(*{'torch', 'transformers', 'sentence_transformers', 'onnx'} & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2", ""]


def test_an_encoder_without_a_trained_head_is_no_cross_encoder(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"no cross-encoder: .*'classifier"):
        load_reranker(RankSettings(rerank=str(find_model().path)), "cpu", tmp_path)


def test_a_cross_encoder_that_cannot_be_exported_runs_through_sentence_transformers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise torch.onnx.errors.UnsupportedOperatorError("aten::unheard_of", 17, None)

    monkeypatch.setattr(torch.onnx, "export", refuse)
    reranker = load_reranker(RankSettings(rerank=str(folder)), "cpu", tmp_path)
    assert isinstance(reranker, CrossEncoder)
    assert "runs through sentence-transformers" in caplog.text
    (score,) = reranker._cross_encode(QUESTIONS[0], TEXTS[:1])
    theirs = original(folder).predict([(QUESTIONS[0], TEXTS[0])], activation_fn=torch.nn.Sigmoid())
    assert score == pytest.approx(float(theirs[0]), abs=1e-5)
