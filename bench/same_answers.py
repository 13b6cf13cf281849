"""Ask questions of one document in several formats: `python -m bench.same_answers FILE...`.

`--questions FILE` has a question on each line; by default those about the Filesystem Hierarchy
Standard, which Debian's package debian-policy has as HTML, PDF and text (`.gz` files are
decompressed). Prints the questions whose answers differ, without white space, hyphens, references
to notes and marks of tables, and how many are the same. The answer of a PDF is also looked for on
its page with pdftotext, if this is installed.
"""

import argparse
import gzip
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

from bench.pdf_pages import is_on_page
from bench.pdf_quotes import letters
from index.documents.isolation import parsing
from index.ingest.ingest import ingest
from index.protocols import Embedder
from rag.models.load import load_model
from rag.pipeline import Pipeline
from rag.results import Answer, Filter
from rag.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "eval" / "fhs_questions.txt"

_NOTE = regex.compile(r"\^?\[\d+\]")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.same_answers", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    arguments = parser.parse_args()
    questions = arguments.questions.read_text("utf-8").splitlines()
    with answers_of(arguments.files, questions, load_model(Settings())) as answers:
        different = [question for question, by_file in answers.items() if not are_same(by_file)]
        for question in different:
            print(f"\n{question}")
            for file, answer in answers[question].items():
                print(f"  {file.name}: {' '.join(answer.text.split())}")
        n_same = len(questions) - len(different)
        print(f"\n{n_same} of {len(questions)} questions have the same answer in each file")
        if shutil.which("pdftotext"):
            on_page = [each for by_file in answers.values() for each in checked_pages(by_file)]
            print(f"{sum(on_page)} of {len(on_page)} cited sentences of PDFs are on their page")


@contextmanager
def answers_of(
    files: Sequence[Path], questions: Sequence[str], embedder: Embedder
) -> Iterator[dict[str, dict[Path, Answer]]]:
    """Yield the answers to each question, by the file that was asked, while the files exist."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        copies = [_copy(file, folder) for file in files]
        with parsing():
            ingest(folder / ".rag", copies, lambda: embedder)
        with closing(Pipeline.over(folder / ".rag", embedder)) as pipeline:
            with pipeline.snapshot() as snapshot:
                ids = {Path(row.path or "").name: row.doc_id for row in snapshot.records()}
            yield {
                question: {
                    copy: pipeline.ask(question, 3, Filter(doc_id=[ids[copy.name]]))
                    for copy in copies
                }
                for question in questions
            }


def _copy(file: Path, folder: Path) -> Path:
    """Copy a file to a folder, decompressed."""
    if file.suffix != ".gz":
        return Path(shutil.copy(file, folder))
    copy = folder / file.stem
    copy.write_bytes(gzip.decompress(file.read_bytes()))
    return copy


def are_same(answers: dict[Path, Answer]) -> bool:
    """Return whether all files give the same answer, and one at all."""
    texts = {letters(_NOTE.sub("", answer.text)) for answer in answers.values()}
    return len(texts) == 1 and all(answer.answered for answer in answers.values())


def checked_pages(answers: dict[Path, Answer]) -> Iterator[bool]:
    """Yield for each cited sentence of a PDF whether pdftotext finds it on its first page."""
    for file, answer in answers.items():
        for sentence in answer.sentences:
            page = sentence.citation.page_start
            if page is not None:
                yield is_on_page(file, page, sentence.citation.quote)


if __name__ == "__main__":
    main()
