"""Compiled models of question and text. They use onnxruntime and a tokenizer, but not torch."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.cores import cores
from index.encode.onnx_embedder import MODEL_FILE, TOKENIZER_FILE
from index.encode.onnx_runtime import PairGraph
from index.encode.pair_tokenizer import PairTokenizer, PairWindow
from index.encode.phrases import ReadText


@dataclass(frozen=True, slots=True)
class PairSettings:
    """How a model reads: its window in tokens, the tokens that windows share, and its prompt.

    See index.encode.pair_tokenizer.
    """

    window: int
    stride: int | None
    prompt: str


class OnnxPairModel:
    """A compiled model in a folder.

    Each window is read alone in one thread, up to `n_threads` at the same time. So its logits do
    not depend on other texts. Several threads can call this at the same time.
    """

    def __init__(self, folder: Path, settings: PairSettings, n_threads: int | None = None) -> None:
        """n_threads: None for all cores that the process can use."""
        self._graph = PairGraph(folder / MODEL_FILE)
        json = (folder / TOKENIZER_FILE).read_text(encoding="utf-8")
        self._tokenizer = PairTokenizer(json, settings.window, settings.stride, settings.prompt)
        self._n_threads = n_threads or cores()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._n_threads, thread_name_prefix="read")

    def windows(self, question: str, texts: Sequence[str]) -> list[list[PairWindow]]:
        """Return the windows of each text."""
        return [self._tokenizer.windows(question, text) for text in texts]

    def logits(self, question: str, texts: Sequence[str]) -> list[list[NDArray[np.float32]]]:
        """Return the logits of each window of each text: (t, 2), or (1,) for a cross-encoder."""
        return self.run(self.windows(question, texts))

    def run(self, windows: Sequence[Sequence[PairWindow]]) -> list[list[NDArray[np.float32]]]:
        """Return the logits of each window. The longest windows run first, so that all threads end
        at about the same time."""
        places = [(i, j) for i, each in enumerate(windows) for j in range(len(each))]
        places.sort(key=lambda place: -len(windows[place[0]][place[1]].ids))
        flat = [windows[i][j] for i, j in places]
        if min(self._n_threads, len(flat)) == 1:
            logits = list(map(self._logits, flat))
        else:
            logits = list(self._pool.map(self._logits, flat))
        by_place = dict(zip(places, logits, strict=True))
        return [[by_place[i, j] for j in range(len(each))] for i, each in enumerate(windows)]

    def _logits(self, window: PairWindow) -> NDArray[np.float32]:
        return self._graph.run(window.ids, window.types)


class OnnxReader:
    """A compiled reader. digest: of the original's files, in hex."""

    def __init__(self, model: OnnxPairModel, digest: str) -> None:
        self._model = model
        self.digest = digest

    def read(self, question: str, texts: Sequence[str]) -> list[ReadText]:
        """Read each text with the question."""
        windows = self._model.windows(question, texts)
        logits = self._model.run(windows)
        return [ReadText(*each) for each in zip(texts, windows, logits, strict=True)]


class OnnxCrossEncoder:
    """A compiled cross-encoder."""

    def __init__(self, model: OnnxPairModel) -> None:
        self._model = model

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return the score of each text, in [0, 1]: the sigmoid of its logit."""
        logits = [float(each[0][0]) for each in self._model.logits(question, texts)]
        return [float(score) for score in 1 / (1 + np.exp(-np.clip(logits, -80, 80)))]
