"""The corpus of the benchmarks: a dataset's articles, their paragraphs, and its questions."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eval.datasets.load import Dataset, load_dataset
from index.documents.formats import format_of_media_type
from index.documents.load import blocks_of
from index.errors import BadInput
from index.types import Document

_SEED = 0


@dataclass(frozen=True, slots=True)
class Article:
    """A document and its paragraphs without headings. A peer indexes the paragraphs as passages."""

    name: str
    text: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The text that every system indexes: whole articles, or the same text as single paragraphs."""

    name: str
    articles: tuple[Article, ...]
    questions: tuple[str, ...]

    @property
    def paragraphs(self) -> list[str]:
        return [paragraph for article in self.articles for paragraph in article.paragraphs]


def load_corpus(folder: Path, n_paragraphs: int, n_questions: int) -> Corpus:
    """Return the first n_paragraphs of a dataset and a fixed random sample of n_questions of its
    answerable questions. All articles but the last are whole.

    Raises BadDataset if the folder holds no dataset, BadInput if the dataset has no answerable
    question.
    """
    dataset = load_dataset(folder)
    return Corpus(
        dataset.name,
        tuple(_articles(dataset.documents, n_paragraphs)),
        tuple(_questions(dataset, n_questions)),
    )


def _articles(documents: list[Document], n_paragraphs: int) -> Iterator[Article]:
    n_left = n_paragraphs
    for number, document in enumerate(documents):
        spans = [block.span for block in blocks_of(document) if block.kind != "heading"][:n_left]
        if not spans:
            continue
        n_left -= len(spans)
        text = document.text[: spans[-1].end] if n_left == 0 else document.text
        paragraphs = tuple(span.of(document.text) for span in spans)
        yield Article(f"{number:05}{_suffix(document)}", text, paragraphs)


def _suffix(document: Document) -> str:
    format = format_of_media_type(document.media_type)
    return format.extensions[0] if format is not None else ".txt"


def _questions(dataset: Dataset, n_questions: int) -> list[str]:
    answerable = dataset.answerable
    texts = [text for i, text in dataset.queries.items() if answerable.get(i, True)]
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        raise BadInput(f"{dataset.name} has no question with an answer; choose another with --data")
    return random.Random(_SEED).sample(distinct, min(n_questions, len(distinct)))


def distinct_questions(questions: tuple[str, ...], n: int) -> list[str]:
    """Return at most n distinct questions: the given ones, then combinations of the first half of
    one question's words with the second half of another's. They are about as long as real ones and
    miss every cache."""
    halves = [_halves(question) for question in questions]
    distinct = dict.fromkeys(questions[:n])
    for shift in range(1, len(halves)):
        for at, (first, _) in enumerate(halves):
            if len(distinct) >= n:
                return list(distinct)
            _, second = halves[(at + shift) % len(halves)]
            distinct.setdefault(f"{first} {second}".strip())
    return list(distinct)


def _halves(question: str) -> tuple[str, str]:
    words = question.split()
    middle = len(words) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])


def write_articles(corpus: Corpus, folder: Path) -> Path:
    """Write one file for each article into a new folder; return the folder."""
    return write_files(folder, {article.name: article.text for article in corpus.articles})


def write_paragraphs(corpus: Corpus, folder: Path) -> Path:
    """Write one file for each paragraph into a new folder; return the folder."""
    texts = {f"{number:06}.txt": text for number, text in enumerate(corpus.paragraphs)}
    return write_files(folder, texts)


def write_files(folder: Path, texts: dict[str, str]) -> Path:
    """Create a folder and write texts into it, file name -> text; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
