"""Find the phrase of a text that answers a question, in a reader's logits.

A reader gives each token two logits: that the answer begins and that it ends there. Those of the
first token, [CLS], stand for no answer (Devlin et al. 2019, section 4.3). A phrase's score is the
sum of the logits of its first and last token. The probability of a phrase, over all tokens of the
text and [CLS] in its window, decides between windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np
from numpy.typing import NDArray

from index.encode.pair_tokenizer import PairWindow
from index.types import Floats, Span

LONGEST_PHRASE = 30
"""In tokens. The original evaluation of BERT on SQuAD uses the same."""

_N_SPANS = 12
"""Spans of a window that are considered, as in transformers' pipeline."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of a text that may answer a question.

    span:        of the text, whole words
    start, end:  logits of its first and last token
    null:        score for no answer, the sum of two logits of the same window
    probability: of the phrase, in [0, 1]
    """

    span: Span
    start: float
    end: float
    null: float
    probability: float

    @property
    def margin(self) -> float:
        """The phrase's score minus the score for no answer: the logarithm of their odds."""
        return self.start + self.end - self.null


class ReadText:
    """A text that a reader has read with a question: the logits of each window."""

    def __init__(
        self,
        text: str,
        windows: Sequence[PairWindow],
        logits: Sequence[NDArray[np.float32]],
        longest: int = LONGEST_PHRASE,
    ) -> None:
        """logits: (t, 2) for each window of t tokens. longest: a phrase has at most as many tokens.

        At least one window; the first token of each is [CLS].
        """
        self._text = text
        self._windows = [
            _Scores(window, each.astype(np.float64), longest)
            for window, each in zip(windows, logits, strict=True)
        ]

    @property
    def null_probability(self) -> float:
        """The least probability of no answer over the windows, in [0, 1]."""
        return min(window.null_probability for window in self._windows)

    def best(self, within: Span | None = None) -> Phrase | None:
        """Return the best phrase; None if no token of the text is left.

        Of each window, the most probable spans of tokens are widened to whole words. Those with the
        same words count together, also of several windows, as in transformers' pipeline. The best
        phrase is the first of those with the largest sum, which is its probability.

        within: only phrases in this span of the text count
        """
        found = [phrase for window in self._windows for phrase in window.phrases(within)]
        phrases = [replace(each, span=self._trimmed(each.span)) for each in found]
        words = [each.span.of(self._text).lower() for each in phrases]
        sums = dict.fromkeys(words, 0.0)
        for text, phrase in zip(words, phrases, strict=True):
            sums[text] += phrase.probability
        best = max(sums, key=sums.__getitem__, default=None)
        return (
            None
            if best is None
            else replace(phrases[words.index(best)], probability=min(sums[best], 1.0))
        )

    def _trimmed(self, span: Span) -> Span:
        """Return the span without white space around it, which is in the words of some models."""
        words = span.of(self._text)
        n_before = len(words) - len(words.lstrip())
        return Span(span.start + n_before, span.end - len(words.lstrip()) + len(words.strip()))


class _Scores:
    """The scores of one window."""

    def __init__(self, window: PairWindow, logits: Floats, longest: int) -> None:
        self._window = window
        self._longest = longest
        counted = window.in_text.copy()
        counted[0] = True
        self._logits = np.where(counted[:, None], logits, -np.inf)
        self._log_sums = np.logaddexp.reduce(self._logits, axis=0)

    @property
    def null_probability(self) -> float:
        return exp(float((self._logits[0] - self._log_sums).sum()))

    def phrases(self, within: Span | None) -> list[Phrase]:
        """Return the most probable spans, at most _N_SPANS, best first, widened to whole words."""
        starts, ends = self._allowed(within)
        # Row: first token; column: number of further tokens.
        padded = np.append(ends, np.full(self._longest - 1, -np.inf))
        rows = np.lib.stride_tricks.sliding_window_view(padded, self._longest)
        sums = (starts[:, None] + rows).ravel()
        first = np.argpartition(-sums, min(_N_SPANS, len(sums) - 1))[:_N_SPANS]
        best = sorted(first.tolist(), key=lambda place: (-sums[place], place))
        return [
            self._phrase(starts, ends, divmod(place, self._longest), within)
            for place in best
            if np.isfinite(sums[place])
        ]

    def _phrase(
        self, starts: Floats, ends: Floats, place: tuple[int, int], within: Span | None
    ) -> Phrase:
        first, further = place
        start, end = float(starts[first]), float(ends[first + further])
        span = self._window.words(first, first + further)
        if within is not None:
            span = Span(max(span.start, within.start), min(span.end, within.end))
        return Phrase(
            span=span,
            start=start,
            end=end,
            null=float(self._logits[0].sum()),
            probability=exp(start + end - float(self._log_sums.sum())),
        )

    def _allowed(self, within: Span | None) -> tuple[Floats, Floats]:
        """Return the logits of the tokens that a phrase can have; -inf for the others."""
        offsets = self._window.offsets
        allowed = self._window.in_text & (offsets[:, 1] > offsets[:, 0])
        allowed[0] = False
        if within is not None:
            allowed &= (offsets[:, 0] >= within.start) & (offsets[:, 1] <= within.end)
        starts, ends = np.where(allowed[:, None], self._logits, -np.inf).T
        return starts, ends
