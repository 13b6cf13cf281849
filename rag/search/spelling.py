"""Mistyped words of a question, corrected by the words of the index.

A word counts as mistyped if no chunk has it and the model's vocabulary has no token for it, as it
has for most words of its languages: those are absent, not mistyped. It is corrected if a word that
is one edit away stands in a passage. BM25 and the model both read the corrected question, and the
reply names each correction.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import regex

from index.backend import Snapshot
from index.words.analyze import STOP_WORDS, folded, stems_of
from rag.results import Correction

LEAST_LETTERS = 4
"""Of a mistyped word: too many words are one edit away from a shorter one."""
_LEAST_CORRECT = 5
"""Letters of the word that is searched for, if the mistyped one has as few: `bake` is no `base`."""
MOST_LETTERS = 24
MOST_UNKNOWN = 5
"""A question with more unknown words is in another language than the documents. It also bounds the
time: each takes about .8 ms."""
_LEAST_KNOWN = 0.7
"""The share of a query's other words that the vocabulary must have for a correction."""
_N_TERMS = 4
_N_CHUNKS = 5

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзиклмнопрстуфхцчшщъыьэюяєіґ",
    "αβγδεζηθικλμνξοπρστυφχψω",
)
"""As index.words.analyze.folded leaves them. Words of other scripts are never corrected."""

# Between spaces or brackets and with no other sign but those that end a sentence or a word, as in
# "Europe's": all else may be an identifier, as `readme.md`, `foo()`, `my-host` or `camelCase`.
_WORD = regex.compile(
    r"(?<![^\s(\[¿¡])\p{L}\p{M}*+(?:\p{Ll}\p{M}*+)++"
    r"(?=(?:['’]\p{Ll}{1,2})?[)\],.;:?!…؟]*(?:\s|$))"
)
_QUOTED = regex.compile(
    r"[\"“”„«][^\"“”„«»]*+[\"“”»]|(?<![\p{L}\p{N}])[`'‘][^`'‘’]*+[`'’](?![\p{L}\p{N}])"
)
_LETTERS = regex.compile(r"[\p{L}\p{M}]{2,}")
_RUN = regex.compile(r"[\p{L}\p{M}\p{N}]+")

IsWord = Callable[[str], bool]
"""Whether the model's vocabulary has a text as a single token."""


class CorrectedQuery(NamedTuple):
    """A query as it is searched for, and what of it was corrected, in its order."""

    text: str
    corrections: tuple[Correction, ...] = ()


def correct_spelling(query: str, snapshot: Snapshot, is_word: IsWord) -> CorrectedQuery:
    """A query with its mistyped words replaced by words of the index.

    Identifiers, numbers, quoted words, words in capitals and words of fewer than four letters are
    left as they are. Names are corrected too: without that, of squad-a's questions with a typo .80
    instead of .83 get a right first passage (eval/LOG.md).
    """
    unknown = [word for word in _unknown(query, snapshot) if not is_word(word.group())]
    if len(unknown) > MOST_UNKNOWN or not _is_in_language(query, unknown, is_word):
        return CorrectedQuery(query)
    parts, end = [], 0
    corrections: dict[str, Correction] = {}
    for word in unknown:
        if searched := _nearest(word.group(), snapshot):
            parts += [query[end : word.start()], searched]
            end = word.end()
            corrections[word.group()] = Correction(written=word.group(), searched=searched)
    return CorrectedQuery("".join([*parts, query[end:]]), tuple(corrections.values()))


def _unknown(query: str, snapshot: Snapshot) -> list["regex.Match[str]"]:
    """The words that may be corrected and that no chunk has, in order."""
    quoted = [match.span() for match in _QUOTED.finditer(query)]
    words = [
        word
        for word in _WORD.finditer(query)
        if LEAST_LETTERS <= len(word.group()) <= MOST_LETTERS
        and not any(start < word.start() < end for start, end in quoted)
    ]
    forms = [folded(word.group()) for word in words]
    known = snapshot.document_frequencies(stems_of(forms))
    return [
        word
        for word, form, n in zip(words, forms, known, strict=True)
        if not n and form not in STOP_WORDS
    ]


def _is_in_language(query: str, unknown: Sequence["regex.Match[str]"], is_word: IsWord) -> bool:
    """Whether the model knows most of the other words of a query.

    Of a query in another language than the vocabulary's it knows few. There a word that neither the
    vocabulary nor the documents have may be right: German `Wann` is no mistyped `Kann`.
    """
    mistyped = {word.span() for word in unknown}
    others = [word for word in _LETTERS.finditer(query) if word.span() not in mistyped]
    n_known = sum(is_word(word.group()) for word in others)
    return n_known >= _LEAST_KNOWN * len(others)


def _nearest(word: str, snapshot: Snapshot) -> str | None:
    """The word at one edit that most chunks have, written as a passage writes it; None if there is
    none. Function words, which every passage has, come first."""
    near = [each for each in edits(folded(word)) if max(len(word), len(each)) >= _LEAST_CORRECT]
    function_words = [each for each in STOP_WORDS.intersection(near) if len(each) >= LEAST_LETTERS]
    if function_words:
        return _in_case_of(word, min(function_words))
    terms = stems_of(near)
    forms: dict[tuple[int, str], set[str]] = defaultdict(set)
    for form, term, n in zip(near, terms, snapshot.document_frequencies(terms), strict=True):
        if n:
            forms[-n, term].add(form)
    found = (_written(term, forms[n, term], snapshot) for n, term in sorted(forms)[:_N_TERMS])
    return next((_in_case_of(word, each) for each in found if each), None)


def _written(term: str, forms: set[str], snapshot: Snapshot) -> str | None:
    """The first word of a term's best passages that is one of the forms. The index knows stems:
    `insulic` has the stem of `insulation`, and is no word."""
    nowhere = np.zeros(snapshot.fingerprint.model.dimension, np.float32)
    ids = snapshot.candidates(nowhere, [term], _N_CHUNKS).vectors.ids
    for chunk in snapshot.chunks(ids.tolist()):
        document = snapshot.document(chunk.doc_id)
        context = document.context_of(chunk.span)
        for text in (chunk.span.of(document.text), *context):
            bare = folded(text)
            if any(form in bare for form in forms):  # one text folds faster than its words
                for match in _RUN.finditer(text):
                    if folded(match.group()) in forms:
                        return match.group()
    return None


def _in_case_of(written: str, word: str) -> str:
    return word[:1].upper() + word[1:].lower() if written[0].isupper() else word.lower()


def edits(word: str) -> Sequence[str]:
    """All that one insertion, deletion, replacement or exchange of neighbours makes of a word, each
    once, with the letters of its alphabet; nothing for a word of no known alphabet.

    word: folded
    """
    letters = next((each for each in _ALPHABETS if not set(each).isdisjoint(word)), "")
    if not letters:
        return []
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    made = {a + b[1:] for a, b in splits if b}
    made.update(a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1)
    made.update(a + letter + b[1:] for a, b in splits if b for letter in letters)
    made.update(a + letter + b for a, b in splits for letter in letters)
    return list(made - {word})
