"""Readers: the same spans as transformers' own pipeline, compiled, and never with torch."""

import json
import logging
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.reader import write_random_reader
from command import ROOT
from index.encode import compile_pairs
from index.encode.compile_pairs import CompiledPairModels
from index.encode.model_files import ModelFolder, find_model
from index.encode.onnx_pair_model import OnnxPairModel, OnnxReader
from index.encode.pair_tokenizer import PairTokenizer, PairWindow
from index.encode.phrases import LONGEST_PHRASE, ReadText
from index.encode.torch_pair_models import TorchReader
from index.errors import ModelUnusable
from index.types import Span
from reader_cases import reader_cases
from readers import TINY_READER, compiled_reader, write_roberta

ANSWERS = json.loads((TINY_READER.parent / "tiny_reader_answers.json").read_text())["answers"]
QUESTION = "Who is the mayor?"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def tiny(cache: Path) -> OnnxReader:
    return compiled_reader(TINY_READER, cache)


@pytest.fixture(
    scope="module", params=["tiny", "roberta", pytest.param("six layers", marks=pytest.mark.slow)]
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder: trained, or with random weights of a real size or another family."""
    if request.param == "tiny":
        return TINY_READER
    folder = tmp_path_factory.mktemp("model")
    if request.param == "six layers":
        write_random_reader(folder, 6, 384)
    else:
        write_roberta(folder, " ".join(text for _, text in reader_cases()))
    return folder


def in_fp32(folder: Path, cache: Path) -> OnnxPairModel:
    model, models = find_model(str(folder)), CompiledPairModels(cache, "reader")
    manifest = models.compile(model, "fp32")
    assert manifest.failure == ""
    return models.load(manifest)


def brute_force(folder: Path, question: str, text: str) -> tuple[int, int, float]:
    """The best span by transformers' own tokens and model, all spans of all windows compared.

    Written after the definition of the question-answering pipeline of transformers 4: softmax over
    the text's tokens and [CLS] in each window, whole words; the 12 best spans of each
    window, of which those with the same words count together.
    """
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    window = min(tokenizer.model_max_length, 384)
    encoded = tokenizer(
        question,
        text,
        truncation="only_second",
        max_length=window,
        stride=min(window // 2, 128),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    found: list[tuple[int, int, float]] = []
    for number in range(len(encoded["input_ids"])):
        features = {
            name: torch.tensor([encoded[name][number]]) for name in tokenizer.model_input_names
        }
        with torch.inference_mode():
            output = model(**features)
        in_text = [each == 1 for each in encoded.sequence_ids(number)]
        counted = [0, *(i for i, its in enumerate(in_text) if its)]
        chances = []
        for logits in (output.start_logits[0], output.end_logits[0]):
            chances.append(dict(zip(counted, logits[counted].softmax(0).tolist(), strict=True)))
        spans = [
            (chances[0][start] * chances[1][end], start, end)
            for start in counted[1:]
            for end in range(start, min(start + LONGEST_PHRASE, len(in_text)))
            if in_text[end]
        ]
        for probability, start, end in sorted(spans, key=lambda span: -span[0])[:12]:
            words = [encoded.token_to_word(number, i) for i in (start, end)]
            first, last = (encoded.word_to_chars(number, word, 1) for word in words)
            found.append((first.start, last.end, probability))
    return merged(found, text)


def merged(found: list[tuple[int, int, float]], text: str) -> tuple[int, int, float]:
    """The first of the phrases of several windows whose words have the largest sum."""
    sums = {text[start:end].lower(): 0.0 for start, end, _ in found}
    for start, end, probability in found:
        sums[text[start:end].lower()] += probability
    words = max(sums, key=sums.__getitem__)
    start, end, _ = next(each for each in found if text[each[0] : each[1]].lower() == words)
    return start, end, sums[words]


def test_phrases_and_refusals_are_those_of_transformers_4s_pipeline(cache: Path) -> None:
    reader = OnnxReader(in_fp32(TINY_READER, cache), "")
    for (question, text), answer in zip(reader_cases(), ANSWERS, strict=True):
        (read,) = reader.read(question, [text])
        phrase = read.best()
        assert phrase is not None
        assert phrase.span == Span(answer["start"], answer["end"])
        assert phrase.probability == pytest.approx(min(answer["score"], 1), abs=2e-3)
        assert (read.null_probability > phrase.probability) == answer["none"]


def test_some_of_these_cases_are_answered_and_some_refused() -> None:
    assert {answer["none"] for answer in ANSWERS} == {True, False}


def test_phrases_are_the_best_of_all_spans_by_transformers_own_tokens(
    folder: Path, tmp_path: Path
) -> None:
    reader = OnnxReader(in_fp32(folder, tmp_path), "")
    for question, text in reader_cases()[1::6]:
        (read,) = reader.read(question, [text])
        phrase = read.best()
        start, end, probability = brute_force(folder, question, text)
        assert phrase is not None
        assert (phrase.span.start, phrase.span.end) == (start, end)
        assert phrase.probability == pytest.approx(probability, rel=1e-2, abs=1e-6)


def test_eight_bits_are_used_if_the_logits_agree(folder: Path, tmp_path: Path) -> None:
    """Random weights may not agree on processors without 8-bit sums; then 32 bits are used."""
    models = CompiledPairModels(tmp_path, "reader")
    in_8_bits = models.compile(find_model(str(folder)), "int8")
    used = models.first(find_model(str(folder)))
    assert (used.precision == "int8") == (in_8_bits.agreement >= 0.98) == (not in_8_bits.failure)
    assert used.agreement >= 0.98


def test_eight_bits_find_the_same_phrases_in_the_generated_facts(tiny: OnnxReader) -> None:
    same = []
    for (question, text), answer in zip(reader_cases(), ANSWERS, strict=True):
        phrase = tiny.read(question, [text])[0].best()
        assert phrase is not None
        same.append(answer["none"] or phrase.span == Span(answer["start"], answer["end"]))
    assert sum(same) >= 0.9 * len(same)


def test_what_is_read_does_not_depend_on_what_is_read_with_it(tiny: OnnxReader) -> None:
    texts = [text for _, text in reader_cases()]
    for text, together in zip(texts, tiny.read(QUESTION, texts), strict=True):
        (alone,) = tiny.read(QUESTION, [text])
        assert alone.best() == together.best()
        assert alone.null_probability == together.null_probability


def test_windows_cover_a_long_text_and_share_tokens(tiny: OnnxReader) -> None:
    text = " ".join(f"They spoke about it {number} times." for number in range(80))
    (windows,) = tiny._model.windows(QUESTION, [text])
    places = [window.offsets[window.in_text] for window in windows]
    assert len(windows) > 3
    assert places[0][0, 0] == 0
    assert places[-1][-1, 1] == len(text)
    for one, following in pairwise(places):
        shared = one[:, 0] >= following[0, 0]
        assert shared.sum() == 64
        np.testing.assert_array_equal(one[shared], following[: shared.sum()])


@pytest.mark.parametrize("question", ["", "?", "who " * 600, "漢" * 2000])
@pytest.mark.parametrize("text", ["", "\n", "Paris " * 400])
def test_a_question_of_any_length_is_read(tiny: OnnxReader, question: str, text: str) -> None:
    (read,) = tiny.read(question, [text])
    phrase = read.best()
    if phrase is not None:
        assert 0 <= phrase.span.start < phrase.span.end <= len(text)
    assert 0 <= read.null_probability <= 1


@st.composite
def logits(draw: st.DrawFn) -> NDArray[np.float32]:
    n = draw(st.integers(3, 12))
    values = st.integers(-80, 80).map(lambda number: number / 8)
    return np.array(draw(st.lists(st.tuples(values, values), min_size=n, max_size=n)), np.float32)


@given(
    values=logits(),
    longest=st.integers(1, 5),
    within=st.tuples(st.integers(0, 12), st.integers(0, 12)),
)
def test_the_best_phrase_is_the_first_of_the_best_allowed_spans(
    values: NDArray[np.float32], longest: int, within: tuple[int, int]
) -> None:
    n = len(values) - 2  # [CLS], one token of the question, then the text: one character a token
    text, window = (
        "abcdefghijkl"[:n],
        PairWindow(
            ids=np.zeros(n + 2, np.int64),
            types=np.zeros(n + 2, np.int64),
            in_text=np.arange(n + 2) >= 2,
            offsets=np.array([(0, 0), (0, 1), *((i, i + 1) for i in range(n))]),
            encoding=OneCharacterWords(),
        ),
    )
    place = Span(*within)
    spans = [
        (float(values[i + 2, 0] + values[j + 2, 1]), i, j)
        for i in range(n)
        for j in range(i, min(i + longest, n))
        if place.start <= i and j + 1 <= place.end
    ]
    phrase = ReadText(text, [window], [values], longest).best(place)
    if not spans:
        assert phrase is None
        return
    most = max(score for score, _, _ in spans)
    first = next((i, j) for score, i, j in spans if score == most)
    assert phrase is not None
    assert (phrase.span.start, phrase.span.end - 1) == first
    assert phrase.start + phrase.end == most
    assert phrase.null == float(values[0].astype(np.float64).sum())
    chances = np.exp(np.delete(values.astype(np.float64), 1, axis=0))
    expected = np.exp(most) / chances.sum(axis=0).prod()
    assert phrase.probability == pytest.approx(float(expected), rel=1e-6)


class OneCharacterWords:
    """A fake encoding: each token of the text is a word of one character."""

    def token_to_word(self, token: int) -> int:
        return token - 2

    def word_to_chars(self, word: int, sequence: int) -> tuple[int, int]:
        assert sequence == 1
        return word, word + 1


@pytest.mark.usefixtures("tiny")
def test_a_compiled_reader_is_used_without_torch(cache: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from rag.models.load_pairs import load_reader\n"
        "from rag.settings import Settings\n"
        f"reader = load_reader(Settings(reader={str(TINY_READER)!r}, cache_dir={str(cache)!r}))\n"
        f"text = 'The mayor is Anna Brown.'\n"
        f"print(reader.read({QUESTION!r}, [text])[0].best().span.of(text) in text)\n"
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
    assert done.stdout.splitlines() == ["True", ""]


def test_a_model_without_a_head_for_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"no extractive question-answering model.*qa_outputs"):
        CompiledPairModels(tmp_path, "reader").first(find_model())


def test_a_folder_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelUnusable, match="cannot load broken"):
        TorchReader(ModelFolder("broken", tmp_path, ""))


def test_fp32_is_used_if_eight_bits_do_not_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(compile_pairs._LEAST_AGREEMENT, "int8", 1.1)
    manifest = CompiledPairModels(tmp_path, "reader").first(find_model(str(TINY_READER)))
    assert manifest.precision == "fp32"
    assert manifest.agreement > 0.9999


def test_a_model_that_is_stored_in_half_precision_is_compiled_from_single() -> None:
    from safetensors.numpy import load_file

    weights = load_file(TINY_READER / "model.safetensors")
    assert {str(each.dtype) for each in weights.values()} == {"float16"}
    read = TorchReader(find_model(str(TINY_READER))).logits(QUESTION, "Anna Brown.")
    assert read[0].dtype == np.float32


def test_an_untrained_window_is_found_from_the_positions(tmp_path: Path) -> None:
    shutil.copytree(TINY_READER, tmp_path / "model")
    file = tmp_path / "model" / "tokenizer_config.json"
    settings: dict[str, Any] = json.loads(file.read_text())
    del settings["model_max_length"]
    file.write_text(json.dumps(settings))
    assert TorchReader(find_model(str(tmp_path / "model"))).window == 126


def test_a_cut_question_leaves_two_thirds_of_the_window(tiny: OnnxReader) -> None:
    tokenizer = tiny._model._tokenizer
    assert isinstance(tokenizer, PairTokenizer)
    (window,) = tokenizer.windows("who " * 500, "The mayor.")
    assert (~window.in_text).sum() == 128 // 3 + 3  # and [CLS], [SEP], [SEP]


def test_compiling_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        CompiledPairModels(tmp_path, "reader").first(find_model(str(TINY_READER)))
    assert f"Compiling {TINY_READER} for this machine" in caplog.text
