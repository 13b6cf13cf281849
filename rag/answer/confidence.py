"""The probability that the documents answer a question: a logistic regression on search results.

A person can check each feature in the best passage: whether every word of the question has a match,
whether a name or number of the question is missing, whether the question is negated and the passage
is not. The weights are in a small JSON file, with the model and the data they were fitted on.
`rag eval calibrate` fits new ones.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from math import exp, isfinite, log, log1p
from pathlib import Path
from typing import Any

import numpy as np
import regex

from index.errors import BadInput
from index.types import Span
from index.words.analyze import distinct_terms, terms_of
from rag.answer.best_unit import BestUnit, best_unit
from rag.answer.reader import ReadPassages
from rag.answer.support import is_supported, is_supported_by_words, names_identifier, unmet_share
from rag.search.candidates import Candidate
from rag.search.question import Question
from rag.search.retrieve import Retrieval

_ASKING = {
    "who": regex.compile(r"\b(?:who|whom|whose)\b", regex.I),
    "when": regex.compile(r"\bwhen\b", regex.I),
    "how_many": regex.compile(r"\bhow (?:many|much)\b", regex.I),
    "how": regex.compile(r"\bhow\b", regex.I),
    "why": regex.compile(r"\bwhy\b", regex.I),
    "what": regex.compile(r"\bwhat\b", regex.I),
}

FEATURES = {
    "match": "weighted mean of the question's token matches in the unit and what it hangs under",
    "weakest": "the same, with weak matches counting most",
    "weakest_anywhere": "the weakest matches in the whole passage",
    "elsewhere": "how much better the whole passage matches than the unit",
    "unmatched": "share of the question's token weight whose match in the unit is below 0.35",
    "dense": "cosine of the passage's vector",
    "sentence": "cosine of its best sentence's vector",
    "off_topic": "how far the latter is below 0.4: what is beside the point is so in one way only",
    "lexical": "BM25 as a share of the most it could be",
    "coverage": "idf-weighted share of the question's terms in the unit and what it hangs under",
    "unmet": "idf-weighted share of the question's words that nothing there is near to",
    "exact_missing": "how many identifiers, numbers, quotations and acronyms are lacking there",
    "names": "share of the question's capitalised words that are lacking there",
    "numbers": "share of its numbers that are lacking there",
    "negation": "1 if the question is negated and the unit is not",
    "lead": "score of the unit's passage over the best other one's",
    "unit_lead": "score of the unit's sentence over the mean of the next five",
    "first_passage": "1 if the unit stands in the first passage",
    "new_words": "share of the unit's terms that the question lacks",
    "length": "logarithm of 1 + the unit's characters",
    "position": "logarithm of 1 + the characters before it in its document",
    **{f"asks_{word}": f"1 if the question has the words of `{word}`" for word in _ASKING},
}
"""The features of the regression, with descriptions. None depends on the number of documents, as
the idf of a missing word does: a fit on large collections would be wrong for small ones."""

READER_FEATURES = {
    "phrase": "margin of the best phrase in the unit over no answer, in logits, within +-20",
    "phrase_elsewhere": "how much larger the best margin in all passages is, at most 20",
}
"""The further features with a reader."""

_LARGEST_MARGIN = 20.0

_SHIPPED = Path(__file__).parents[1] / "calibration"
_WEAKNESS = 6.0
_ON_TOPIC = 0.4
_UNMATCHED = 0.35
_NAMED = 0.5
"""The minimum confidence in a unit that has the question's identifier, like `E106`: the model does
not know such words, and the training questions have none."""
_NEGATION = regex.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|except)\b|n['’]t\b", regex.IGNORECASE
)
_NUMBER = regex.compile(r"\p{N}(?:[\p{N}.,]*\p{N})?")
_NAME = regex.compile(r"(?<=\s)\p{Lu}[\p{L}\p{M}]+")


@dataclass(frozen=True, slots=True)
class Weight:
    """A feature's mean and standard deviation in the training data, and its standardised weight."""

    mean: float
    scale: float
    weight: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression and its origin.

    model:     sha256 of the model used in the fit (ModelFingerprint.weights)
    reader:    sha256 of the reader used in the fit (Reader.digest); empty without one
    threshold: with a lower confidence, a question counts as not answered; in [0, 1]
    fitted_on: description of the training data
    """

    model: str
    fitted_on: str
    n_questions: int
    threshold: float
    intercept: float
    weights: Mapping[str, Weight]
    reader: str = ""

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability of an answer, in [0, 1], rounded to six decimals."""
        total = self.intercept + sum(
            w.weight * (features[name] - w.mean) / w.scale for name, w in self.weights.items()
        )
        # Beyond 30, the result does not change within six decimals.
        return round(1 / (1 + exp(-min(max(total, -30.0), 30.0))), 6)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> "Calibration":
        """Read a calibration. Raises BadInput, with `where` in its message, if it is invalid."""
        try:
            fields: dict[str, Any] = json.loads(text)
            weights = {name: Weight(**each) for name, each in fields.pop("weights").items()}
            known = FEATURES.keys() | (READER_FEATURES.keys() if fields.get("reader") else set())
            unknown = weights.keys() - known
            if unknown:
                raise ValueError(f"unknown feature {min(unknown)!r}")
            numbers = [number for each in weights.values() for number in astuple(each)]
            if not all(map(isfinite, [*numbers, fields["intercept"], fields["threshold"]])):
                raise ValueError("not every weight is finite")
            if not all(each.scale > 0 for each in weights.values()):
                raise ValueError("not every scale is positive")
            return cls(weights=weights, **fields)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"{where} is not a calibration ({error}); create one with `rag eval calibrate`"
            ) from error


def calibration_for(model: str, path: Path | None = None, reader: str = "") -> Calibration | None:
    """Return the calibration in a file; without a file the built-in one of a model, or None.

    model: sha256 of its weights. reader: the digest of the reader; empty without one.

    Raises BadInput if the file is unusable or was fitted with another model or reader.
    """
    if path is None:
        return _shipped().get((model, reader))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the calibration {path}: {error}") from error
    calibration = Calibration.from_json(text, str(path))
    if calibration.model != model:
        raise BadInput(
            f"{path} is a calibration for another model than the index's; create one with "
            "`rag eval calibrate`"
        )
    if calibration.reader != reader:
        fitted = "with another reader" if calibration.reader else "without a reader"
        named = "the settings name one" if reader else "the settings name none"
        raise BadInput(
            f"{path} was fitted {fitted}, and {named}; fit one with `rag eval calibrate`"
        )
    return calibration


@lru_cache(maxsize=1)
def _shipped() -> dict[tuple[str, str], Calibration]:
    files = sorted(_SHIPPED.glob("*.json"))
    found = [Calibration.from_json(file.read_text(encoding="utf-8"), str(file)) for file in files]
    return {(calibration.model, calibration.reader): calibration for calibration in found}


class Confidence:
    """Computes the confidence in an answer, and decides whether to state the answer."""

    def __init__(self, calibration: Calibration | None) -> None:
        """calibration: of the model; None if there is none, or no model."""
        self._calibration = calibration

    @property
    def is_calibrated(self) -> bool:
        return self._calibration is not None

    @property
    def threshold(self) -> float | None:
        """The minimum confidence for an answer, in [0, 1]; None without a calibration."""
        return None if self._calibration is None else self._calibration.threshold

    def judge(self, retrieval: Retrieval, read: ReadPassages | None = None) -> "Judgement":
        """Return the best unit of the passages, the confidence, and whether to state the answer.

        Without a calibration, or if the model cannot read the question, there is no confidence.
        Then only words are evidence: the unit must have every content word of the question. With a
        reader, its phrase is evidence too: it decides between the phrase and no answer.

        read: what a reader found in the passages; required if the calibration is for a reader
        """
        best, calibration = best_unit(retrieval, read), self._calibration
        if calibration is None or retrieval.question.by_words_alone:
            stated = best is not None and _is_supported_without(retrieval, best, read)
            return Judgement(None, best, is_stated=stated)
        if best is None:
            return Judgement(0.0, None, is_stated=False)
        confidence = _confidence(calibration, retrieval, best, read)
        # is_supported is a rule, not a feature: similarity must not outweigh it.
        stated = is_supported(retrieval.question, best) and confidence >= calibration.threshold
        return Judgement(confidence, best, is_stated=stated)


def _is_supported_without(retrieval: Retrieval, best: BestUnit, read: ReadPassages | None) -> bool:
    """Return whether to state a unit without a confidence."""
    if read is None or retrieval.question.by_words_alone:
        return is_supported_by_words(retrieval.question, best)
    has_phrase = best.phrase is not None and best.phrase.margin > 0
    return has_phrase and is_supported(retrieval.question, best)


def _confidence(
    calibration: Calibration, retrieval: Retrieval, best: BestUnit, read: ReadPassages | None
) -> float:
    fitted = calibration.probability(_features(retrieval, best, read))
    return max(fitted, _NAMED) if names_identifier(retrieval.question, best) else fitted


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision about an answer.

    confidence: in [0, 1]; None without a calibration, or if the model cannot read the question
    best:       the unit that answers best; None if no unit is an answer
    is_stated:  whether to state it as the answer
    """

    confidence: float | None
    best: BestUnit | None
    is_stated: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """The input of the confidence in an answer.

    features:  by their names in FEATURES
    citations: doc_id and span of each part of the answer
    places:    doc_id and span of its passage, then of the near-identical ones that this replaces
    """

    features: dict[str, float]
    citations: tuple[tuple[str, Span], ...]
    places: tuple[tuple[str, Span], ...]

    @classmethod
    def of(cls, retrieval: Retrieval, read: ReadPassages | None = None) -> "Evidence | None":
        """Return the evidence of search results; None if no unit of the passages is an answer.

        read: what a reader found in the passages; without it, there are no READER_FEATURES
        """
        best = best_unit(retrieval, read)
        if best is None:
            return None
        doc_id = best.passage.best.chunk.doc_id
        copies = (copy.chunk for copy in best.passage.duplicates)
        return cls(
            features=_features(retrieval, best, read),
            citations=tuple((doc_id, span) for span in best.choice.unit.spans),
            places=((doc_id, best.passage.span), *((copy.doc_id, copy.span) for copy in copies)),
        )


def _features(retrieval: Retrieval, best: BestUnit, read: ReadPassages | None) -> dict[str, float]:
    """Return the features of a question and its best unit, by their names in FEATURES, and in
    READER_FEATURES with a reader."""
    others = (passage.best for passage in retrieval.passages if passage is not best.passage)
    features = features_of(retrieval.question, best, next(others, None))
    return features if read is None else features | reader_features(best)


def reader_features(best: BestUnit) -> dict[str, float]:
    """Return the features by their names in READER_FEATURES. A unit without a phrase has the least
    margin."""
    margin = -_LARGEST_MARGIN if best.phrase is None else best.phrase.margin
    return {
        "phrase": min(max(margin, -_LARGEST_MARGIN), _LARGEST_MARGIN),
        "phrase_elsewhere": min(best.phrase_elsewhere, _LARGEST_MARGIN),
    }


def features_of(question: Question, best: BestUnit, other: Candidate | None) -> dict[str, float]:
    """Return the features of a question and a unit, by their names in FEATURES.

    other: the best candidate among the passages without the unit; None if there is none
    """
    candidate, in_quote = best.passage.best, distinct_terms(best.quote)
    total = sum(question.idf.values()) or 1.0
    covered = sum(idf for term, idf in question.idf.items() if term in best.terms)
    names = terms_of(" ".join(_NAME.findall(question.text)))
    negated = _NEGATION.search(question.text) and not _NEGATION.search(best.quote)
    return {
        **_token_features(question, best),
        "dense": candidate.dense,
        "sentence": candidate.sentence,
        "off_topic": max(0.0, _ON_TOPIC - candidate.sentence),
        "lexical": candidate.lexical_share,
        "coverage": covered / total,
        "unmet": unmet_share(question, best),
        "exact_missing": float(len(best.choice.missing)),
        "names": _share_lacking(names, best.terms),
        "numbers": _share_lacking(_NUMBER.findall(question.text), set(_NUMBER.findall(best.text))),
        "negation": float(bool(negated)),
        "lead": candidate.score - (other.score if other is not None else 0.0),
        "unit_lead": best.lead,
        "first_passage": float(best.is_first),
        "new_words": len(in_quote - question.idf.keys()) / max(len(in_quote), 1),
        "length": log1p(len(best.quote)),
        "position": log1p(best.choice.unit.spans[0].start),
        **{
            f"asks_{word}": float(pattern.search(question.text) is not None)
            for word, pattern in _ASKING.items()
        },
    }


def _token_features(question: Question, best: BestUnit) -> dict[str, float]:
    """Return the late interaction features; all 0 for a model without token vectors."""
    interaction = best.passage.best.interaction
    if interaction is None:
        names = ("match", "weakest", "weakest_anywhere", "elsewhere", "unmatched")
        return dict.fromkeys(names, 0.0)
    weights, matched = question.token_weights, best.choice.matched
    return {
        "match": float(weights @ matched),
        "weakest": _softest(weights, matched),
        "weakest_anywhere": _softest(weights, interaction.anywhere),
        "elsewhere": float(weights @ (interaction.anywhere - matched)),
        "unmatched": float(weights[matched < _UNMATCHED].sum()),
    }


def _softest(weights: np.ndarray[Any, Any], matches: np.ndarray[Any, Any]) -> float:
    """Return a soft minimum of the matches: a mean that gives the weakest ones the most weight.

    It is rag.search.late_interaction.softened with the opposite sign.
    """
    return -log(float(weights @ np.exp(-_WEAKNESS * matches))) / _WEAKNESS


def _share_lacking(wanted: list[str], present: Set[str]) -> float:
    return sum(each not in present for each in wanted) / len(wanted) if wanted else 0.0
