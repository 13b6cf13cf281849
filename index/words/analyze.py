"""Text analysis: split text into search terms, for BM25, idf and highlights.

A word is a run of letters, marks and digits. Analysis case-folds it and removes its diacritics,
drops English function words, and stems ASCII words (Snowball English). Words of other languages
with non-ASCII letters are not stemmed. A function word in capitals, like WHO, is an acronym and is
kept, except in a text of capitals alone. Scripts without spaces are split into overlapping pairs of
characters, like in Lucene's CJK analysis.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex
import Stemmer

MAX_TERM = 128
"""Terms are truncated to this many characters: nobody types longer ones, and search engines reject
terms of tens of kilobytes."""

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(
    rf"[{_UNSPACED}ー]+"
    r"|(?<![\p{L}\p{N}])(?:\p{Lu}\.){2,}"  # an acronym
    r"|\p{N}+(?:[.,]\p{N}+)+"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]+",
    regex.VERSION1,
)
_IS_UNSPACED = regex.compile(rf"[{_UNSPACED}ー]")
_DIACRITICS = regex.compile(r"[\u0300-\u036f]")

STOP_WORDS = frozenset(
    """
    a about after all also am an and any are as at be because been before being between both but by
    can could d did do does doing down during each few for from further had has have having he her
    here hers herself him himself his how i if in into is it its itself just ll m me might more most
    my myself no nor not now of off on once only or other our ours ourselves out over own re s same
    she should so some such t than that the their theirs them themselves then there these they this
    those through to too under until up ve very was we were what when where which while who whom
    whose why will with would you your yours yourself yourselves
    """.split()
)

_stemmer = Stemmer.Stemmer("english", 0)


class Term(NamedTuple):
    """A search term and its half-open span [start, end) in the text, in characters."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=1 << 17)
def _normalise(word: str) -> str:
    """Return the term for a word, an acronym or a number; empty for a function word."""
    # An acronym is never a function word: I.T. is not "it".
    is_acronym = word[-1] == "." or (len(word) > 1 and word.isupper())
    plain = word.replace(".", "") if word[-1] == "." else word
    word = folded(plain.replace(",", ""))
    return "" if word in STOP_WORDS and not is_acronym else stems_of([word])[0][:MAX_TERM]


def folded(word: str) -> str:
    """Return a word case-folded and without diacritics.

    >>> folded("Céloron")
    'celoron'
    """
    bare = _DIACRITICS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    bare = unicodedata.normalize("NFC", bare).casefold()
    # Some ligatures, like ﷺ, decompose into several words; join them into one term.
    return "".join(bare.split())


def is_stop_word(word: str) -> bool:
    """Return whether a word is an English function word, in any case."""
    return word.casefold() in STOP_WORDS


def stems_of(words: Sequence[str]) -> list[str]:
    """Return the stem of each folded word; a word that is not ASCII is its own stem.

    >>> stems_of(["manifests", "größe"])
    ['manifest', 'größe']
    """
    stems: list[str] = _stemmer.stemWords(words)
    if all(map(str.isascii, words)):
        return stems
    return [stem if word.isascii() else word for word, stem in zip(words, stems, strict=True)]


def _is_shouted(text: str) -> bool:
    """Return whether a text of several words is in capitals, so that they mark no acronym."""
    return text.isupper() and len(text.split(maxsplit=1)) > 1


def is_unspaced(word: str) -> bool:
    """Return whether a word is a run of a script without spaces, to be split into pairs."""
    return not word.isascii() and _IS_UNSPACED.match(word) is not None


def _starts(run: str) -> range:
    """Return the start of each pair in a run; a single character counts as a pair."""
    return range(max(len(run) - 1, 1))


def analyze(text: str) -> Iterator[Term]:
    """Yield the terms of a text in order, with repetitions.

    >>> [term.text for term in analyze("The U.S. paid $1,500 to farmers’ unions")]
    ['us', 'paid', '1500', 'farmer', 'union']
    """
    is_shouted = _is_shouted(text)
    for match in _WORD.finditer(text):
        word, start = match.group(), match.start()
        if is_unspaced(word):
            for i in _starts(word):
                pair = word[i : i + 2]
                yield Term(pair, start + i, start + i + len(pair))
        elif term := _normalise(word.lower() if is_shouted else word):
            yield Term(term, start, match.end())


def terms_of(text: str) -> list[str]:
    """Return the texts of the terms that `analyze` yields, in half the time."""
    terms: list[str] = []
    is_shouted = _is_shouted(text)
    for word in _WORD.findall(text):
        if is_unspaced(word):
            terms += [word[i : i + 2] for i in _starts(word)]
        else:
            terms.append(_normalise(word.lower() if is_shouted else word))
    return [term for term in terms if term]


@lru_cache(maxsize=1024)  # the same passages are often analysed again
def distinct_terms(text: str) -> frozenset[str]:
    """Return the distinct terms of a passage."""
    return frozenset(terms_of(text))
