"""The real model: vectors equal sentence-transformers' own, late pooling equals its definition."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from index import models
from index.embed import SentenceTransformerEmbedder, load_embedder
from index.errors import ModelUnusable
from index.models import DEFAULT_MODEL, ModelFolder, find_model
from index.types import Span

ROOT = Path(__file__).parents[1]
TEXTS = [
    "Aid was cut. The economy collapsed — within a year. Nobody was surprised.",
    "A short one.",
    "第一の文。第二の文です。" + " Ünïcödé 👩‍👩‍👧 words follow here." * 3,
]
SENTENCES = [
    [Span(0, 12), Span(13, 51), Span(52, 73)],
    [Span(0, 12)],
    [Span(0, 5), Span(5, 12), Span(13, len(TEXTS[2]))],
]


@pytest.fixture(scope="module")
def reference() -> Any:
    """The same model as sentence-transformers itself loads it."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(find_model().path), device="cpu", local_files_only=True)


def test_the_fingerprint_tells_the_model(embedder: SentenceTransformerEmbedder) -> None:
    fingerprint = embedder.fingerprint
    assert fingerprint.name == DEFAULT_MODEL
    assert (fingerprint.dimension, fingerprint.window, fingerprint.special) == (384, 256, 2)
    assert fingerprint.sentences == "late"
    assert fingerprint.weights == find_model().digest


def test_vectors_are_those_of_sentence_transformers(
    embedder: SentenceTransformerEmbedder, reference: Any
) -> None:
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    encodings = embedder.encode(TEXTS, SENTENCES)
    np.testing.assert_allclose([e.vector for e in encodings], expected, atol=1e-5)
    for text, row in zip(TEXTS, expected, strict=True):
        np.testing.assert_allclose(embedder.encode_query(text), row, atol=1e-5)


@pytest.mark.parametrize(("text", "sentences"), list(zip(TEXTS, SENTENCES, strict=True)))
def test_a_sentences_vector_is_the_mean_of_its_tokens_in_the_chunks_own_pass(
    embedder: SentenceTransformerEmbedder, reference: Any, text: str, sentences: list[Span]
) -> None:
    features = reference.tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = features.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        tokens = reference.forward(dict(features))["token_embeddings"][0].numpy()
    (encoding,) = embedder.encode([text], [sentences])
    for span, row in zip(sentences, encoding.sentence_vectors, strict=True):
        inside = [
            i for i, (start, end) in enumerate(offsets) if end and span.start <= start < span.end
        ]
        mean = tokens[inside].mean(axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(encoding.sentence_vectors, axis=1), 1, atol=1e-6)


def test_what_a_text_is_batched_with_hardly_changes_its_vectors(
    embedder: SentenceTransformerEmbedder,
) -> None:
    order = [2, 0, 1] * 9
    together = embedder.encode([TEXTS[i] for i in order], [SENTENCES[i] for i in order])
    alone = [embedder.encode([TEXTS[i]], [SENTENCES[i]])[0] for i in range(3)]
    for i, encoding in zip(order, together, strict=True):
        np.testing.assert_allclose(encoding.vector, alone[i].vector, atol=1e-5)
        np.testing.assert_allclose(encoding.sentence_vectors, alone[i].sentence_vectors, atol=1e-5)


def test_a_sentence_without_tokens_gets_the_vector_of_its_text(
    embedder: SentenceTransformerEmbedder,
) -> None:
    text = "Aid. \u200b\u200b"
    (encoding,) = embedder.encode([text], [[Span(0, 4), Span(5, 7)]])
    assert np.isfinite(encoding.sentence_vectors).all()
    np.testing.assert_allclose(np.linalg.norm(encoding.sentence_vectors, axis=1), 1, atol=1e-6)


def test_a_text_that_would_be_cut_is_refused(embedder: SentenceTransformerEmbedder) -> None:
    fits, too_long = "word " * 254, "word " * 255
    assert len(embedder.encode([fits], [[Span(0, 4)]])) == 1
    with pytest.raises(ModelUnusable, match="a text of 255 tokens; the model reads 254"):
        embedder.encode([too_long], [[Span(0, 4)]])


def test_a_query_longer_than_the_window_is_read_to_its_end(
    embedder: SentenceTransformerEmbedder,
) -> None:
    beginning = "river bank " * 127
    query = embedder.encode_query(beginning + "quarterly tax returns " * 80)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-6)
    about_taxes = embedder.encode_query("quarterly tax returns")
    assert query @ about_taxes > embedder.encode_query(beginning) @ about_taxes + 0.2


def test_the_default_model_loads_and_encodes_without_any_network() -> None:
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('the network was asked for')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from index.embed import load_embedder\n"
        "from index.models import find_model\n"
        "print(load_embedder(find_model()).encode_query('hello').shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["(384,)"]


def test_a_model_in_a_local_folder_is_the_same_model_under_another_name(
    tmp_path: Path, embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my model"
    shutil.copytree(find_model().path, folder)
    monkeypatch.chdir(tmp_path)
    mine = load_embedder(find_model("./my model"))
    assert mine.fingerprint.name == str(folder)
    assert mine.fingerprint.weights == embedder.fingerprint.weights
    np.testing.assert_array_equal(mine.encode_query("aid"), embedder.encode_query("aid"))


def test_a_model_that_does_not_pool_by_the_mean_gets_its_sentences_encoded_separately(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "cls"
    shutil.copytree(find_model().path, folder)
    config = folder / "1_Pooling" / "config.json"
    config.write_text(
        config.read_text()
        .replace('"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": false')
        .replace('"pooling_mode_cls_token": false', '"pooling_mode_cls_token": true')
    )
    mine = load_embedder(find_model(str(folder)))
    assert mine.fingerprint.sentences == "separate"
    # The weights are the default's, and yet it is another model.
    assert mine.fingerprint.weights != find_model().digest
    first, _, third = mine.encode(TEXTS, SENTENCES)
    for encoding, text, spans in ((first, TEXTS[0], SENTENCES[0]), (third, TEXTS[2], SENTENCES[2])):
        alone = [mine.encode_query(span.of(text)) for span in spans]
        np.testing.assert_allclose(encoding.sentence_vectors, alone, atol=1e-5)


def test_damaged_weights_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / models._DEFAULT_PACKAGE
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"not what it was")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelUnusable, match=r"have sha256 .*install the package again"):
        find_model()


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="holds no model weights"):
        find_model(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelUnusable, match="cannot load"):
        load_embedder(ModelFolder("broken", tmp_path, ""))
