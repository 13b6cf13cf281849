"""Measure how far each measure depends on the random signs of index.encode.token_codec.

The measures under one draw of the signs include chance. Their mean and range over several draws do
not depend on which draw the program ships.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import NamedTuple

from eval.datasets.load import Dataset
from eval.measures.measures import Measures
from eval.runs.evaluate import IndexedDataset
from eval.runs.query_cache import CachingEmbedder
from eval.runs.subset import judged_ids, with_questions
from eval.studies.ablation import COLUMNS
from index.encode.onnx_embedder import OnnxEmbedder
from index.encode.pooling import ForwardPass, late_pooled
from index.encode.token_codec import DRAW, random_signs
from index.errors import BadInput
from index.fingerprint import ModelFingerprint
from index.protocols import Embedder, Tokenizer
from index.types import Encoding, QueryEncoding, Span, Vector
from rag.search.ranking import RankSettings

SHIPPED = "shipped"

DatasetIndexer = Callable[[Dataset, Embedder], AbstractContextManager[IndexedDataset]]
"""eval.runs.evaluate.index_dataset, with or without a progress bar."""


class DrawSummary(NamedTuple):
    """Mean, minimum and maximum of a measure over draws."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DrawStudy:
    """A dataset's measures under the shipped draw, and under each other draw, in order."""

    dataset: str
    n_questions: int
    model: str
    shipped: Measures
    draws: dict[str, Measures]

    def summary(self) -> dict[str, DrawSummary]:
        """Summarise each measure over the other draws, without the shipped one."""
        columns = {name: [each[name] for each in self.draws.values()] for name in self.shipped}
        return {
            name: DrawSummary(fmean(measures), min(measures), max(measures))
            for name, measures in columns.items()
        }


@dataclass(frozen=True)
class RedrawnEmbedder:
    """A compiled model whose token vectors are coded with the signs of another draw.

    The codec multiplies a vector by its own signs first. Where a vector was already multiplied by
    both draws' signs, the codec's own cancel out, and the other draw's remain.
    Forward passes and query encodings are cached and shared by copies that `dataclasses.replace`
    makes, so the model runs once for each text.
    """

    embedder: OnnxEmbedder
    queries: CachingEmbedder
    draw: bytes = DRAW
    passes: dict[str, ForwardPass] = field(default_factory=dict)

    @property
    def fingerprint(self) -> ModelFingerprint:
        return self.embedder.fingerprint

    @property
    def tokenizer(self) -> Tokenizer:
        return self.embedder.tokenizer

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        return [self._encoding(*each) for each in zip(texts, sentences, strict=True)]

    def _encoding(self, text: str, sentences: Sequence[Span]) -> Encoding:
        if text not in self.passes:
            ids, offsets = self.embedder.tokenized(text)
            output = self.embedder.forward(ids)
            self.passes[text] = ForwardPass(output.vector, output.tokens, offsets)
        each = self.passes[text]
        flipped = late_pooled(each._replace(tokens=each.tokens * self._flips), sentences)
        return replace(late_pooled(each, sentences), tokens=flipped.tokens)

    def encode_query(self, text: str) -> QueryEncoding:
        encoding = self.queries.encode_query(text)
        return replace(encoding, token_vectors=encoding.token_vectors * self._flips)

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        return [self.encode_query(text) for text in texts]

    @property
    def _flips(self) -> Vector:
        dimension = self.fingerprint.dimension
        return random_signs(dimension) * random_signs(dimension, self.draw)


def redrawn_embedder(embedder: Embedder) -> RedrawnEmbedder:
    """Wrap a model, with the shipped draw.

    Raises BadInput for a model that is not compiled or has no token vectors.
    """
    if not isinstance(embedder, OnnxEmbedder) or embedder.fingerprint.sentences != "late":
        raise BadInput(f"{embedder.fingerprint.name} is not compiled, or has no token vectors")
    return RedrawnEmbedder(embedder, CachingEmbedder(embedder))


def study_draws(
    dataset: Dataset, embedder: Embedder, ranking: RankSettings, n_draws: int, index: DatasetIndexer
) -> DrawStudy:
    """Measure the answerable questions under the shipped draw and n_draws others.

    The signs of the others follow from the names `draw 0`, `draw 1` and so on.

    Raises BadInput as redrawn_embedder does, and BadDataset if no question has an answer.
    """
    shipped = redrawn_embedder(embedder)
    names = [f"draw {number}" for number in range(n_draws)]
    models = {SHIPPED: shipped} | {n: replace(shipped, draw=n.encode()) for n in names}
    ids = judged_ids(dataset)
    measures = dict(_measure_draws(dataset, models.items(), ids, ranking, index))
    return DrawStudy(
        dataset.name, len(ids), embedder.fingerprint.name, measures.pop(SHIPPED), measures
    )


def _measure_draws(
    dataset: Dataset,
    models: Iterable[tuple[str, RedrawnEmbedder]],
    ids: Sequence[str],
    ranking: RankSettings,
    index: DatasetIndexer,
) -> Iterator[tuple[str, Measures]]:
    for name, model in models:
        with index(dataset, model) as corpus:
            measures = with_questions(corpus, ids).evaluate(ranking).run.measures
        yield name, {column: measures[column] for column in COLUMNS[dataset.kind]}
