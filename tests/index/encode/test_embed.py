"""The real model: vectors equal those of sentence-transformers; late pooling equals its formula."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
import torch

from command import ROOT
from index.documents.chunk import chunk
from index.documents.load import blocks_of, document_of
from index.encode import model_files as models
from index.encode.compile import CompiledModels
from index.encode.model_files import DEFAULT_MODEL, ModelFolder, find_model
from index.encode.token_codec import expand, rotated
from index.encode.torch_embedder import SentenceTransformerEmbedder, load_cross_encoder
from index.errors import ModelUnusable
from index.fingerprint import ChunkSettings
from index.protocols import Embedder
from index.types import Span

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
    """The same model as loaded by sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(find_model().path), device="cpu", local_files_only=True)


@pytest.fixture(scope="module", params=["sentence-transformers", "compiled"])
def embedder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """The default model in fp32, with either library."""
    if request.param == "sentence-transformers":
        return SentenceTransformerEmbedder(find_model())
    models = CompiledModels(tmp_path_factory.mktemp("cache"))
    return models.load(models.compile(find_model(), "fp32"), DEFAULT_MODEL)


def test_the_fingerprint_describes_the_model(embedder: Embedder) -> None:
    fingerprint = embedder.fingerprint
    assert fingerprint.name == DEFAULT_MODEL
    assert (fingerprint.dimension, fingerprint.window, fingerprint.special) == (384, 256, 2)
    assert fingerprint.sentences == "late"
    assert fingerprint.weights == find_model().digest


def test_vectors_are_those_of_sentence_transformers(embedder: Embedder, reference: Any) -> None:
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    encodings = embedder.encode(TEXTS, SENTENCES)
    np.testing.assert_allclose([e.vector for e in encodings], expected, atol=1e-5)
    for text, row in zip(TEXTS, expected, strict=True):
        np.testing.assert_allclose(embedder.encode_query(text).vector, row, atol=1e-5)


@pytest.mark.parametrize(("text", "sentences"), list(zip(TEXTS, SENTENCES, strict=True)))
def test_a_sentences_vector_is_the_mean_of_its_tokens_in_the_pass_of_its_chunk(
    embedder: Embedder, reference: Any, text: str, sentences: list[Span]
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


def test_the_batch_of_a_text_hardly_changes_its_vectors(
    embedder: Embedder,
) -> None:
    order = [2, 0, 1] * 9
    together = embedder.encode([TEXTS[i] for i in order], [SENTENCES[i] for i in order])
    alone = [embedder.encode([TEXTS[i]], [SENTENCES[i]])[0] for i in range(3)]
    for i, encoding in zip(order, together, strict=True):
        np.testing.assert_allclose(encoding.vector, alone[i].vector, atol=1e-5)
        np.testing.assert_allclose(encoding.sentence_vectors, alone[i].sentence_vectors, atol=1e-5)


def test_a_sentence_without_tokens_gets_the_vector_of_its_text(
    embedder: Embedder,
) -> None:
    text = "Aid. \u200b\u200b"
    (encoding,) = embedder.encode([text], [[Span(0, 4), Span(5, 7)]])
    assert np.isfinite(encoding.sentence_vectors).all()
    np.testing.assert_allclose(np.linalg.norm(encoding.sentence_vectors, axis=1), 1, atol=1e-6)


def test_a_text_longer_than_the_window_is_refused(embedder: Embedder) -> None:
    fits, too_long = "word " * 254, "word " * 255
    assert len(embedder.encode([fits], [[Span(0, 4)]])) == 1
    with pytest.raises(ModelUnusable, match="a text has 255 tokens; the model reads 254"):
        embedder.encode([too_long], [[Span(0, 4)]])


def test_a_query_longer_than_the_window_is_read_completely(
    embedder: Embedder,
) -> None:
    beginning = "river bank " * 127
    query = embedder.encode_query(beginning + "quarterly tax returns " * 80).vector
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-6)
    about_taxes = embedder.encode_query("quarterly tax returns").vector
    assert query @ about_taxes > embedder.encode_query(beginning).vector @ about_taxes + 0.2


def own_tokens(reference: Any, text: str) -> tuple[np.ndarray[Any, Any], list[tuple[int, int]]]:
    """A text's token vectors from sentence-transformers, as unit rows without the special tokens at
    both ends, and their offsets."""
    vectors = reference.encode(text, output_value="token_embeddings").numpy()[1:-1]
    features = reference.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), features["offset_mapping"]


def n_unknown(reference: Any, text: str) -> int:
    ids = reference.tokenizer(text, add_special_tokens=False)["input_ids"]
    return sum(i == reference.tokenizer.unk_token_id for i in ids)


@pytest.mark.parametrize("text", [*TEXTS, "Who leads the Taliban?", "x", "\u200b what?"])
def test_a_querys_token_vectors_are_those_of_the_model(
    embedder: Embedder, reference: Any, text: str
) -> None:
    vectors, places = own_tokens(reference, text)
    query = embedder.encode_query(text)
    if query.unread > 0.5:
        assert not query.vector.any()
        assert query.offsets == ()
        return
    # Tokens that the vocabulary lacks are omitted.
    read = [i for i, place in enumerate(places) if place in query.offsets]
    assert list(query.offsets) == [places[i] for i in read]
    assert len(places) - len(read) == n_unknown(reference, text)
    np.testing.assert_allclose(query.token_vectors, vectors[read], atol=1e-5)


def test_offsets_are_the_positions_of_the_querys_words(embedder: Embedder) -> None:
    text = "Who leads  the Taliban?"
    query = embedder.encode_query(text)
    assert [text[a:b] for a, b in query.offsets] == ["Who", "leads", "the", "Taliban", "?"]
    assert query.token_vectors.shape == (5, 384)


def test_the_tokens_of_a_query_read_in_parts_keep_their_positions(
    embedder: Embedder, reference: Any
) -> None:
    text = "river bank " * 127 + "quarterly tax returns " * 80
    query = embedder.encode_query(text)
    assert [text[a:b] for a, b in query.offsets] == text.split()
    np.testing.assert_allclose(np.linalg.norm(query.token_vectors, axis=1), 1, atol=1e-5)
    first, _ = own_tokens(reference, "river bank " * 127)
    np.testing.assert_allclose(query.token_vectors[:254], first, atol=1e-5)


def test_a_query_of_unknown_characters_has_no_tokens(
    embedder: Embedder,
) -> None:
    query = embedder.encode_query("\u200b")
    assert (query.token_vectors.shape, query.offsets) == ((0, 384), ())
    assert np.linalg.norm(query.vector) == pytest.approx(1, abs=1e-6)


def test_a_chunks_token_vectors_approximate_those_of_the_model(
    embedder: Embedder, reference: Any
) -> None:
    for text, spans, encoding in zip(
        TEXTS, SENTENCES, embedder.encode(TEXTS, SENTENCES), strict=True
    ):
        vectors, places = own_tokens(reference, text)
        tokens = encoding.tokens
        kept = expand(tokens.codes, tokens.scales, 384)
        kept /= np.linalg.norm(kept, axis=1, keepdims=True)
        cosines = (rotated(vectors.astype(np.float32)) * kept).sum(axis=1)
        assert cosines.min() > 0.9
        assert tokens.sentence_of.tolist() == [
            next(i for i, span in enumerate(spans) if start < span.end) for start, _ in places
        ]


def test_a_headings_tokens_belong_to_no_sentence(embedder: Embedder) -> None:
    text = "# Aid\n\nIt was cut. Nobody came."
    (encoding,) = embedder.encode([text], [[Span(7, 18), Span(19, 31)]])
    # "#", "Aid"; "It", "was", "cut", "."; "Nobody", "came", ".".
    assert encoding.tokens.sentence_of.tolist() == [0] * 4 + [1] * 3 + [2] * 2


def test_a_chunk_of_unknown_characters_has_no_tokens(
    embedder: Embedder,
) -> None:
    (encoding,) = embedder.encode(["\u200b\u200b"], [[Span(0, 2)]])
    assert len(encoding.tokens) == 0
    assert np.linalg.norm(encoding.vector) == pytest.approx(1, abs=1e-6)


def test_the_default_model_loads_and_encodes_without_a_network() -> None:
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('the network was asked for')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from index.encode.torch_embedder import SentenceTransformerEmbedder\n"
        "from index.encode.model_files import find_model\n"
        "print(SentenceTransformerEmbedder(find_model()).encode_query('hello').vector.shape)"
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


def test_a_model_in_a_local_folder_is_the_same_model_with_another_name(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my model"
    shutil.copytree(find_model().path, folder)
    monkeypatch.chdir(tmp_path)
    mine = SentenceTransformerEmbedder(find_model("./my model"))
    assert mine.fingerprint.name == str(folder)
    assert mine.fingerprint.weights == embedder.fingerprint.weights
    np.testing.assert_allclose(
        mine.encode_query("aid").vector, embedder.encode_query("aid").vector, atol=1e-5
    )


def test_a_model_without_mean_pooling_has_its_sentences_encoded_separately(
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
    mine = SentenceTransformerEmbedder(find_model(str(folder)))
    assert mine.fingerprint.sentences == "separate"
    # The weights are those of the default, but the model is another.
    assert mine.fingerprint.weights != find_model().digest
    first, _, third = mine.encode(TEXTS, SENTENCES)
    for encoding, text, spans in ((first, TEXTS[0], SENTENCES[0]), (third, TEXTS[2], SENTENCES[2])):
        alone = [mine.encode_query(span.of(text)).vector for span in spans]
        np.testing.assert_allclose(encoding.sentence_vectors, alone, atol=1e-5)
        # Such a model has no meaningful vectors for single tokens.
        assert len(encoding.tokens) == 0
    assert mine.encode_query("aid").token_vectors.shape == (0, 384)


SCRIPTS = {
    "german": "Donaudampfschifffahrtsgesellschaftskapitän über Straßenbahnhaltestellen ",
    "russian": "Где находится достопримечательность, о которой рассказывали? ",
    "korean": "대한민국의 수도는 어디입니까? ",
    "thai": "ประเทศไทยมีเมืองหลวงชื่ออะไร",
    "hindi": "भारत की राजधानी क्या है? ",
    "arabic": "ما هي عاصمة المملكة؟ ﷺ ",
    "han": "漢字を読む",
    "units": "㌀㍿",
    "emoji": "👩\u200d👩\u200d👧",
    "marks": "a" + "\u0301" * 3000,
    "only marks": "\u0301",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_question_of_2000_characters_is_encoded_in_any_script(
    embedder: Embedder, script: str
) -> None:
    encoding = embedder.encode_query((SCRIPTS[script] * 2000)[:2000])
    assert np.isfinite(encoding.vector).all()
    # A question of unknown characters has no vector.
    length = 0 if encoding.unread > 0.5 else 1
    assert abs(float(np.linalg.norm(encoding.vector)) - length) < 1e-3
    assert (script in ("thai", "units", "emoji")) == (length == 0)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_chunk_of_any_script_is_encoded_with_its_sentences(
    embedder: Embedder, script: str
) -> None:
    text = (SCRIPTS[script] * 8000)[:8000]
    doc = document_of(text, "doc", media_type="text/plain", name="name")
    chunks = chunk(doc, blocks_of(doc), embedder.tokenizer, ChunkSettings())
    texts = [c.span.of(text) for c in chunks]
    whole = [[Span(0, len(each))] for each in texts]
    assert len(embedder.encode(texts, whole)) == len(chunks) >= 2
    tokenizer = tokenizers.Tokenizer.from_file(str(find_model().path / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for each in texts:
        assert len(tokenizer.encode(each).ids) <= embedder.fingerprint.window


def tiny_cross_encoder(folder: Path, n_labels: int = 1) -> ModelFolder:
    """A cross-encoder with random weights and a vocabulary of a few words."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir()
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] aid was cut who came river ? .".split()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        initializer_range=1.0,
    )
    config.num_labels = n_labels
    BertForSequenceClassification(config).save_pretrained(folder)
    return find_model(str(folder))


def test_a_cross_encoders_scores_are_the_sigmoid_of_its_logits(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny_cross_encoder(tmp_path / "tiny")
    question, texts = "Who came?", ["Aid was cut.", "Aid came.", "river " * 100, "?"]
    scores = load_cross_encoder(folder)(question, texts)
    model = AutoModelForSequenceClassification.from_pretrained(folder.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder.path)
    for text, score in zip(texts, scores, strict=True):
        features = tokenizer(question, text, return_tensors="pt", truncation=True, max_length=32)
        with torch.inference_mode():
            logit = float(model(**features).logits[0, 0])
        assert score == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)
    assert len({round(score, 3) for score in scores}) == len(texts)
    assert all(0 <= score <= 1 for score in scores)


def test_a_classifier_with_two_labels_is_not_a_reranker(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="gives 2 values per text; choose a reranker"):
        load_cross_encoder(tiny_cross_encoder(tmp_path / "tiny", n_labels=2))


def test_a_folder_without_a_cross_encoder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelUnusable, match="cannot load broken"):
        load_cross_encoder(ModelFolder("broken", tmp_path, ""))


def test_damaged_weights_are_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / models._DEFAULT_PACKAGE
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"not what it was")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelUnusable, match=r"have sha256 .*install the package again"):
        find_model()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="contains no model weights"):
        find_model(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelUnusable, match="cannot load"):
        SentenceTransformerEmbedder(ModelFolder("broken", tmp_path, ""))
