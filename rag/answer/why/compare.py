"""Compare the scores of two candidates of one question by signal."""

from dataclasses import replace

from index.backend import Snapshot
from index.types import Chunk
from index.words.analyze import analyze, distinct_terms
from rag.answer.explain import Signal, place_of, score_parts
from rag.answer.why.result import Comparison, SignalPair
from rag.search.candidates import Candidate
from rag.search.ranking import RankSettings

_IN_WORDS: dict[Signal, str] = {
    "dense": "the passage's vector",
    "sentence": "its best sentence's vector",
    "lexical": "words (BM25)",
    "rerank": "the reranker",
}


def compare(expected: Candidate, other: Candidate, ranking: RankSettings) -> Comparison:
    """Return the part of each signal in both scores, the largest lead of `other` first.

    ranking: the settings of the ranking
    """
    parts, others = score_parts(expected, ranking), score_parts(other, ranking)
    sums = {
        name: tuple(
            round(each[name].scaled * each[name].weight, 6) if name in each else 0.0
            for each in (parts, others)
        )
        for name in _IN_WORDS
        if name in parts or name in others
    }
    pairs = [SignalPair(signal=name, expected=a, other=b) for name, (a, b) in sums.items()]
    pairs.sort(key=lambda pair: pair.expected - pair.other)
    return Comparison(passage=place_of(other.chunk), signals=pairs)


def before_reranking(candidate: Candidate) -> Candidate:
    """Return a candidate with its first score, before reranking."""
    score = candidate.first_score
    return replace(candidate, score=score, first_weight=1.0, reranked=None)


def lead_in_words(comparison: Comparison) -> str:
    """Return the signal with the largest lead, as in `words (BM25): 0.210 against 0.050`."""
    widest = comparison.signals[0]
    if widest.other <= widest.expected:
        return "no signal: the scores are equal, and a tie goes to the smaller chunk id"
    return f"{_IN_WORDS[widest.signal]}: {widest.other:.3f} against {widest.expected:.3f}"


def place(snapshot: Snapshot, chunk: Chunk) -> str:
    """Return the place of a chunk as `doc_id:first-last`, with its line numbers."""
    first, last = snapshot.document(chunk.doc_id).lines_of(chunk.span)
    return f"{chunk.doc_id}:{first}" + (f"-{last}" if last != first else "")


def lacking_in_words(query: str, text: str) -> str:
    """Return a sentence with the question words that the text lacks; empty if it has all."""
    present = distinct_terms(text)
    lacking = [query[term.start : term.end] for term in analyze(query) if term.text not in present]
    return f" It lacks the question's {', '.join(dict.fromkeys(lacking))}." if lacking else ""
