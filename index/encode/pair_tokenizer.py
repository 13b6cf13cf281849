"""Tokenize a question together with a text, for models that read both at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from index.types import Span

_LONGEST_QUESTION = 3
"""A question has at most this part of the window, as 1 / n: the rest is for the text."""


@dataclass(frozen=True, slots=True)
class PairWindow:
    """A question and as much of a text as fits the model's window, t tokens.

    ids, types: int64, (t,)
    in_text:    bool, (t,): whether the token is of the text
    offsets:    int64, (t, 2): code points of the token's own text: the question's, or the text's
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    in_text: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    encoding: Any

    def words(self, first: int, last: int) -> Span:
        """Return the span of the text from the word of one of its tokens to the word of another."""
        return Span(self._word(first)[0], self._word(last)[1])

    def _word(self, token: int) -> tuple[int, int]:
        word = self.encoding.token_to_word(token)
        around = None if word is None else self.encoding.word_to_chars(word, 1)
        start, end = self.offsets[token].tolist()
        return (start, end) if around is None else around


class PairTokenizer:
    """The tokenizer of a compiled model of question and text.

    window: tokens that the model reads, special tokens included
    stride: tokens that a window of a text shares with the one before; None reads only the beginning
            of a pair that is too long
    prompt: put before each question

    Several threads may use it at once.
    """

    def __init__(self, tokenizer_json: str, window: int, stride: int | None, prompt: str) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_padding()
        if stride is None:
            self._tokenizer.enable_truncation(window, strategy="longest_first")
        else:
            self._tokenizer.enable_truncation(window, stride=stride, strategy="only_second")
        self._untruncated = tokenizers.Tokenizer.from_str(tokenizer_json)
        self._untruncated.no_truncation()
        self._untruncated.no_padding()
        self._in_windows = stride is not None
        self._longest_question = longest_question(window) if self._in_windows else window
        self._prompt = prompt

    def windows(self, question: str, text: str) -> list[PairWindow]:
        """Return the windows of a text in order. A question longer than a third of the window loses
        its end, if the text is read in windows."""
        encoding = self._tokenizer.encode(self._cut(self._prompt + question), text)
        further = encoding.overflowing if self._in_windows else []
        return [_window(each) for each in (encoding, *further)]

    def _cut(self, question: str) -> str:
        if len(question) <= self._longest_question:  # a token has at least one character
            return question
        encoding = self._untruncated.encode(question, add_special_tokens=False)
        return cut(question, encoding.offsets, self._longest_question)


def longest_question(window: int) -> int:
    """Return the most tokens of a question, if texts are read in windows."""
    return window // _LONGEST_QUESTION


def cut(question: str, offsets: Sequence[tuple[int, int]], longest: int) -> str:
    """Return the beginning of a question with at most `longest` tokens. offsets: of its tokens."""
    return question if len(offsets) <= longest else question[: offsets[longest - 1][1]]


def _window(encoding: Any) -> PairWindow:
    return PairWindow(
        ids=np.array(encoding.ids, dtype=np.int64),
        types=np.array(encoding.type_ids, dtype=np.int64),
        in_text=np.array([number == 1 for number in encoding.sequence_ids], dtype=np.bool_),
        offsets=np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2),
        encoding=encoding,
    )
