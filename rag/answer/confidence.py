"""How likely the documents answer a question: a logistic regression on what ranking left behind.

Each feature is something a person can check in the best passage: does every word of the question
meet something, is a name or number of the question missing, is the question negated where the
passage is not. The weights lie in a small JSON file beside the model's name, which says what they
were fitted on; `rag eval calibrate` fits them anew.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from math import exp, isfinite, log
from pathlib import Path
from typing import Any

import numpy as np
import regex

from index.errors import BadInput
from index.types import Span
from index.words.analyze import distinct_terms, terms_of
from rag.answer.highlight import best_sentence
from rag.search.candidates import Candidate
from rag.search.question import Question
from rag.search.retrieve import Retrieval

FEATURES = {
    "match": "weighted mean of the question's token matches in the best sentence",
    "weakest": "the same, with weak matches counting most",
    "weakest_anywhere": "the weakest matches in the whole passage",
    "dense": "cosine of the passage's vector",
    "sentence": "cosine of its best sentence's vector",
    "off_topic": "how far the latter is below 0.4: what is beside the point is so in one way only",
    "lexical": "BM25 as a share of the most it could be",
    "coverage": "idf-weighted share of the question's terms in the best sentence",
    "missing": "idf of the rarest term that the best sentence lacks; 0 if it lacks none",
    "missing_anywhere": "the same for the whole passage",
    "names": "share of the question's capitalised words that the best sentence lacks",
    "numbers": "share of its numbers that the passage lacks",
    "negation": "1 if the question is negated and the best sentence is not",
    "lead": "score over the second passage's",
}
"""What the regression looks at, and what each is."""

_SHIPPED = Path(__file__).parents[1] / "calibration"
_WEAKNESS = 6.0
_ON_TOPIC = 0.4
_NEGATION = regex.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|except)\b|n['’]t\b", regex.IGNORECASE
)
_NUMBER = regex.compile(r"\p{N}(?:[\p{N}.,]*\p{N})?")
_NAME = regex.compile(r"(?<=\s)\p{Lu}[\p{L}\p{M}]+")


@dataclass(frozen=True, slots=True)
class Weight:
    """A feature's mean and standard deviation where it was fitted, and its standardised weight."""

    mean: float
    scale: float
    weight: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression, and where it comes from.

    model:     sha256 of the model it was fitted with (ModelFingerprint.weights)
    threshold: below it a question counts as not answered, in [0, 1]
    fitted_on: the data, in words
    """

    model: str
    fitted_on: str
    n_questions: int
    threshold: float
    intercept: float
    weights: Mapping[str, Weight]

    def probability(self, features: Mapping[str, float]) -> float:
        """In [0, 1], to six decimals."""
        total = self.intercept + sum(
            w.weight * (features[name] - w.mean) / w.scale for name, w in self.weights.items()
        )
        # Beyond 30 the exponential adds nothing that six decimals show.
        return round(1 / (1 + exp(-min(max(total, -30.0), 30.0))), 6)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> "Calibration":
        """Raises BadInput, naming `where`, if it is no calibration."""
        try:
            fields: dict[str, Any] = json.loads(text)
            weights = {name: Weight(**each) for name, each in fields.pop("weights").items()}
            unknown = weights.keys() - FEATURES.keys()
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
                f"{where} is no calibration ({error}); make one with `rag eval calibrate`"
            ) from error


def calibration_for(model: str, path: Path | None = None) -> Calibration | None:
    """The calibration in a file, or else the shipped one of a model; None if there is none.

    model: sha256 of its weights. Raises BadInput if the file cannot be used with it.
    """
    if path is None:
        return _shipped().get(model)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the calibration {path}: {error}") from error
    calibration = Calibration.from_json(text, str(path))
    if calibration.model != model:
        raise BadInput(
            f"{path} was fitted with another model than the index's; fit one with "
            "`rag eval calibrate`"
        )
    return calibration


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Calibration]:
    files = sorted(_SHIPPED.glob("*.json"))
    found = [Calibration.from_json(file.read_text(encoding="utf-8"), str(file)) for file in files]
    return {calibration.model: calibration for calibration in found}


class Confidence:
    """How likely the documents answer a question, and whether that is enough to state an answer."""

    def __init__(self, calibration: Calibration | None, *, vectors: bool) -> None:
        """vectors: whether questions have vectors. Without them there is no confidence: what the
        regression looks at is missing."""
        self._calibration = calibration if vectors else None
        self._vectors = vectors

    def of(self, retrieval: Retrieval) -> float | None:
        """In [0, 1], 0 if there is no passage; None without vectors."""
        if not self._vectors:
            return None
        features = evidence_for(retrieval)
        if features is None:
            return 0.0
        if self._calibration is not None:
            return self._calibration.probability(features)
        return round(min(max((features["dense"] + features["sentence"]) / 2, 0.0), 1.0), 6)

    def is_answered(self, retrieval: Retrieval) -> bool:
        """Whether there is a passage and the calibration, if there is one, trusts it."""
        if not retrieval.passages:
            return False
        confidence = self.of(retrieval)
        if self._calibration is None or confidence is None:
            return True
        return confidence >= self._calibration.threshold


def evidence_for(retrieval: Retrieval) -> dict[str, float] | None:
    """The features of a question and its best passage, by their names in FEATURES; None if there is
    no passage."""
    if not retrieval.passages:
        return None
    best = retrieval.passages[0]
    runner_up = retrieval.passages[1].best if len(retrieval.passages) > 1 else None
    text, question = retrieval.document(best).text, retrieval.question
    sentence = best_sentence(text, best.best, question)
    return features_of(question, best.best, text, sentence, runner_up)


def features_of(
    question: Question, best: Candidate, text: str, sentence: Span, runner_up: Candidate | None
) -> dict[str, float]:
    """The features of a question and its best passage, by their names in FEATURES.

    text: the document's. sentence: the passage's best.
    """
    inside, passage = sentence.of(text), best.chunk.span.of(text)
    in_sentence, in_passage = distinct_terms(inside), distinct_terms(passage)
    total = sum(question.idf.values()) or 1.0
    covered = sum(idf for term, idf in question.idf.items() if term in in_sentence)
    names = terms_of(" ".join(_NAME.findall(question.text)))
    negated = _NEGATION.search(question.text) and not _NEGATION.search(inside)
    return {
        **_token_features(question, best, sentence),
        "dense": best.dense,
        "sentence": best.sentence,
        "off_topic": max(0.0, _ON_TOPIC - best.sentence),
        "lexical": best.lexical_share,
        "coverage": covered / total,
        "missing": _rarest(question, in_sentence),
        "missing_anywhere": _rarest(question, in_passage),
        "names": _share_lacking(names, in_sentence),
        "numbers": _share_lacking(_NUMBER.findall(question.text), set(_NUMBER.findall(passage))),
        "negation": float(bool(negated)),
        "lead": best.score - (runner_up.score if runner_up is not None else 0.0),
    }


def _token_features(question: Question, best: Candidate, sentence: Span) -> dict[str, float]:
    """Those of the late interaction; all 0 for a model without token vectors."""
    if best.interaction is None:
        return {"match": 0.0, "weakest": 0.0, "weakest_anywhere": 0.0}
    matches = best.interaction.matches[:, best.chunk.sentences.index(sentence)]
    weights = question.token_weights
    return {
        "match": float(weights @ matches),
        "weakest": _softest(weights, matches),
        "weakest_anywhere": _softest(weights, best.interaction.anywhere),
    }


def _softest(weights: np.ndarray[Any, Any], matches: np.ndarray[Any, Any]) -> float:
    """A mean in which the weakest count most, as rag.search.late_interaction.softened with the sign
    turned."""
    return -log(float(weights @ np.exp(-_WEAKNESS * matches))) / _WEAKNESS


def _rarest(question: Question, present: Set[str]) -> float:
    # Not as a share of the rarest possible: in a small corpus most words are missing everywhere,
    # which says little, and their idf is small.
    return max((idf for term, idf in question.idf.items() if term not in present), default=0.0)


def _share_lacking(wanted: list[str], present: Set[str]) -> float:
    return sum(each not in present for each in wanted) / len(wanted) if wanted else 0.0
