"""The study of the codec's random signs: other draws, and the report."""

from collections.abc import Callable
from hashlib import shake_256
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from command import rag
from eval.datasets.load import load_dataset
from eval.runs.evaluate import evaluate, index_dataset
from eval.studies.rotation import RedrawnEmbedder, redrawn_embedder, study_draws
from fakes import HashEmbedder
from index.encode.onnx_embedder import OnnxEmbedder
from index.encode.token_codec import expand, random_signs, rotated
from index.errors import BadInput
from index.protocols import Embedder
from index.types import Span
from known_runs import beir_set, span_set
from rag.models.load import load_model
from rag.search.ranking import RankSettings
from rag.settings import Settings

TEXT = "A wing has lift. It also has drag."
SENTENCES = [Span(0, 16), Span(17, 34)]


@pytest.fixture(scope="module")
def model() -> Embedder:
    return load_model(Settings.resolve())


def other(model: Embedder) -> RedrawnEmbedder:
    shipped = redrawn_embedder(model)
    return RedrawnEmbedder(shipped.embedder, shipped.queries, b"draw 0")


def test_the_signs_are_the_bits_of_the_digest() -> None:
    bits = f"{int.from_bytes(shake_256(b'draw 0').digest(48), 'big'):0384b}"
    assert random_signs(384, b"draw 0").tolist() == [1 - 2 * int(bit) for bit in bits]


def test_the_shipped_draw_gives_the_encoding_of_the_model(model: Embedder) -> None:
    (own,) = model.encode([TEXT], [SENTENCES])
    (same,) = redrawn_embedder(model).encode([TEXT], [SENTENCES])
    np.testing.assert_array_equal(same.vector, own.vector)
    np.testing.assert_array_equal(same.sentence_vectors, own.sentence_vectors)
    np.testing.assert_array_equal(same.tokens.codes, own.tokens.codes)
    np.testing.assert_array_equal(same.tokens.scales, own.tokens.scales)


def test_under_another_draw_only_the_token_vectors_change(model: Embedder) -> None:
    (own,) = model.encode([TEXT], [SENTENCES])
    (drawn,) = other(model).encode([TEXT], [SENTENCES])
    np.testing.assert_array_equal(drawn.vector, own.vector)
    np.testing.assert_array_equal(drawn.sentence_vectors, own.sentence_vectors)
    np.testing.assert_array_equal(drawn.tokens.sentence_of, own.tokens.sentence_of)
    assert (drawn.tokens.codes != own.tokens.codes).mean() > 0.5


def test_the_codes_follow_from_the_signs_of_the_other_draw(model: Embedder) -> None:
    """The oracle multiplies by these signs and the matrix, and rounds to the nearest level."""
    drawn = other(model)
    assert isinstance(model, OnnxEmbedder)
    ids, offsets = model.tokenized(TEXT)
    tokens = model.forward(ids).tokens[offsets[:, 1] > 0]
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    matrix = rotated(np.eye(384, dtype=np.float32)) * random_signs(384)[:, None]
    places = (tokens * random_signs(384, b"draw 0")) @ matrix * np.sqrt(384) / 0.9957
    levels = np.clip(np.floor(places), -2, 1) + 0.5
    (encoding,) = drawn.encode([TEXT], [SENTENCES])
    token_vectors = expand(encoding.tokens.codes, np.ones(len(tokens), np.float16), 384)
    token_vectors *= np.sqrt(384) / 0.9957
    clear = np.abs(places - np.round(places)) > 1e-3
    np.testing.assert_allclose(token_vectors[clear], levels[clear], atol=1e-4)


def test_products_of_a_query_with_a_chunk_are_preserved(model: Embedder) -> None:
    plain, drawn = model.encode_query(TEXT), other(model).encode_query(TEXT)
    gram = plain.token_vectors @ plain.token_vectors.T
    np.testing.assert_allclose(drawn.token_vectors @ drawn.token_vectors.T, gram, atol=1e-5)
    (encoding,) = other(model).encode([TEXT], [SENTENCES])
    token_vectors = expand(encoding.tokens.codes, encoding.tokens.scales, 384)
    products = rotated(drawn.token_vectors) @ token_vectors.T
    assert products.argmax(axis=1).tolist() == list(range(len(products)))


@pytest.mark.parametrize("make", [span_set, beir_set])
def test_the_shipped_row_is_an_ordinary_evaluation(
    make: Callable[[Path], Path], model: Embedder, tmp_path: Path
) -> None:
    dataset = load_dataset(make(tmp_path))
    study = study_draws(dataset, model, RankSettings(), 2, index_dataset)
    measures = evaluate(dataset, model, RankSettings()).run.measures
    assert study.shipped == {name: measures[name] for name in study.shipped}
    assert list(study.draws) == ["draw 0", "draw 1"]
    for name, (mean, low, high) in study.summary().items():
        values = [measures[name] for measures in study.draws.values()]
        assert (mean, low, high) == (fmean(values), min(values), max(values))


def test_a_model_without_token_vectors_is_refused() -> None:
    with pytest.raises(BadInput, match="hash is not compiled, or has no token vectors"):
        redrawn_embedder(HashEmbedder())


def test_the_command_prints_each_draw_their_range_and_the_shipped_one(tmp_path: Path) -> None:
    process = rag("eval", "rotation", beir_set(tmp_path), "--draws", "2")
    assert process.returncode == 0, process.stderr
    _, header, *rows, _, legend = process.stdout.splitlines()
    assert header.split() == ["draw", "nDCG@10", "R@10"]
    names = ["draw 0", "draw 1", "mean", "least", "most", "shipped"]
    assert [row.rsplit(maxsplit=2)[0] for row in rows] == names
    assert "shipped one is not among them" in legend
