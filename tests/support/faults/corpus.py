"""A folder of small documents with changes determined by a seed."""

from pathlib import Path
from random import Random

WORDS = (
    "river grain winter border harvest bridge council tax market road school water mill forest "
    "trade treaty census village engine signal"
).split()
QUERIES = ["river and grain", "the council of the village", "winter border tax", "mill engine"]


def text_of(rng: Random, name: str, n_paragraphs: int) -> str:
    """A text whose paragraphs are one chunk each for the fake model."""
    paragraphs = []
    for number in range(n_paragraphs):
        words = " ".join(rng.choices(WORDS, k=12))
        more = " ".join(rng.choices(WORDS, k=24))
        paragraphs.append(f"Report {name}, part {number}. {words.capitalize()}. The {more}.")
    return "\n\n".join(paragraphs)


def write_corpus(docs: Path, rng: Random, n_documents: int, n_paragraphs: int) -> None:
    docs.mkdir(parents=True)
    for number in range(n_documents):
        name = f"d{number:02}"
        (docs / f"{name}.txt").write_text(text_of(rng, name, n_paragraphs))


def change_corpus(docs: Path, rng: Random, n_paragraphs: int) -> None:
    """Change a third of the files, delete two, rename one and add two."""
    files = sorted(docs.iterdir())
    rng.shuffle(files)
    for file in files[: len(files) // 3]:
        file.write_text(text_of(rng, file.stem, n_paragraphs))
    files[-1].unlink()
    files[-2].unlink()
    files[-3].rename(docs / "renamed.txt")
    for name in ("new0", "new1"):
        (docs / f"{name}.txt").write_text(text_of(rng, name, n_paragraphs))
