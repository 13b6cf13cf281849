"""Similarity of quotes to other texts, and to edited versions: `python -m bench.similarity FOLDER`.

For the limit in rag/verify/nearest.py. FOLDER: of files, or a dataset (docs/evaluation.md). Each
quote from a document is looked up in the other documents together, and in its own document after a
share of its words was replaced and a text was put before it. A row has, for one length of quotes,
quantiles of the similarity of the best text.
"""

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from eval.datasets.load import load_dataset
from index.documents.formats import format_of_file
from index.documents.load import read
from index.errors import UnreadableDocument
from rag.verify.nearest import min_similarity, most_similar

_LENGTHS = (20, 40, 80, 160, 400, 1000)
_QUOTES_PER_FILE = 10
_REPLACED = (0.1, 0.3)
_SEED = 1
_INSERTED = "A new paragraph.\n\n" * 50


def main() -> None:
    texts = list(_texts(Path(sys.argv[1])))
    edits = " | ".join(f"{share:.0%} replaced: 5 % | median" for share in _REPLACED)
    print(f"| characters | limit | other texts: median | 95 % | 99 % | {edits} |")
    print("|---" * (5 + 2 * len(_REPLACED)) + "|")
    for length in _LENGTHS:
        rng = random.Random(_SEED)
        others = _similarities(texts, length, rng, _OTHER_TEXTS)
        cells = [f"{length}", f"{min_similarity(length):.2f}"]
        cells += [f"{_quantile(others, share):.2f}" for share in (0.5, 0.95, 0.99)]
        for share in _REPLACED:
            edited = _similarities(texts, length, rng, _edited_by(share, rng))
            cells += [f"{_quantile(edited, part):.2f}" for part in (0.05, 0.5)]
        print(f"| {' | '.join(cells)} |", flush=True)


def _texts(folder: Path) -> Iterator[str]:
    if (folder / "corpus.jsonl").exists():
        yield from (document.text for document in load_dataset(folder).documents)
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and format_of_file(path) is not None:
            try:
                yield read(path, path.name).text
            except UnreadableDocument as error:
                print(f"{path}: {error}", file=sys.stderr)


_Target = Callable[[list[str], int, int, int], str]
"""From texts, the number of one, and a span of it to the text that the span is looked up in."""


def _similarities(
    texts: list[str], length: int, rng: random.Random, target: _Target
) -> list[float]:
    similarities = []
    for number, text in enumerate(texts):
        for _ in range(_QUOTES_PER_FILE if len(text) > length else 0):
            start = rng.randrange(len(text) - length)
            quote = text[start : start + length]
            found = most_similar(target(texts, number, start, start + length), quote, start)
            similarities.append(0.0 if found is None else found.similarity)
    return sorted(similarities)


_OTHER_TEXTS: _Target = lambda texts, number, start, end: "\n".join(  # noqa: E731
    text for i, text in enumerate(texts) if i != number
)


def _edited_by(share: float, rng: random.Random) -> _Target:
    def edited(texts: list[str], number: int, start: int, end: int) -> str:
        text = texts[number]
        others = text.split()
        words = [
            rng.choice(others) if rng.random() < share else word
            for word in text[start:end].split(" ")
        ]
        return f"{_INSERTED}{text[:start]}{' '.join(words)}{text[end:]}"

    return edited


def _quantile(ascending: list[float], share: float) -> float:
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0.0


if __name__ == "__main__":
    main()
