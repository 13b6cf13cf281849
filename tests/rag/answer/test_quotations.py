"""A quotation in a mail is ranked and cited, but its own message answers."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from index.documents.formats import MAIL, format_of_media_type
from index.documents.load import FileBytes, load
from index.documents.loader import LoadOptions
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.types import Document, Span
from rag.answer.quotations import before_quotation, is_quoted
from rag.pipeline import Pipeline

CORRECTED = """\
I have to correct myself: the deposit for the boat shed is 120 euros, payable in March.

On Mon, 2 Nov 2026 at 10:00, Ada Byron <ada@example.org> wrote:
> The deposit for the boat shed is 90 euros.
> The key of the boat shed hangs in the harbour office.
"""

REPLIED = """\
On Mon, 2 Nov 2026 at 10:00, Ada Byron <ada@example.org> wrote:

> How much is the deposit for the boat shed?

It is 120 euros, payable in March.

> Where does the key hang?

In the harbour office.
"""


def mail(body: str) -> Document:
    message = EmailMessage()
    message["From"], message["Subject"] = "bob@example.org", "Re: Boat shed"
    message.set_content(body)
    format = format_of_media_type(MAIL)
    assert format is not None
    file = FileBytes(Path("a.eml"), format, message.as_bytes(), None, "")
    return load(file, "a.eml", LoadOptions()).document


def pipeline(folder: Path, embedder: Embedder, body: str) -> Pipeline:
    ingest_documents(folder, [mail(body)], embedder)
    return Pipeline.over(folder, embedder)


def test_the_message_answers_and_not_what_it_quotes(tmp_path: Path, embedder: Embedder) -> None:
    asked = pipeline(tmp_path, embedder, CORRECTED)
    answer = asked.ask("How much is the deposit for the boat shed?")
    assert "120 euros" in answer.text
    assert "90 euros" not in answer.text


def test_what_only_a_quotation_says_is_no_answer_but_a_passage(
    tmp_path: Path, embedder: Embedder
) -> None:
    answer = pipeline(tmp_path, embedder, CORRECTED).ask(
        "Where does the key of the boat shed hang?"
    )
    assert "harbour office" not in "".join(each.text for each in answer.sentences)
    assert any("> The key" in passage.citation.quote for passage in answer.passages)


def test_a_quoted_question_is_answered_by_the_reply_below_it(
    tmp_path: Path, embedder: Embedder
) -> None:
    answer = pipeline(tmp_path, embedder, REPLIED).ask("How much is the deposit for the boat shed?")
    stated = "".join(each.text for each in answer.sentences)
    assert "It is 120 euros" in stated
    assert "harbour" not in stated


@pytest.mark.parametrize(("media_type", "expected"), [(MAIL, True), ("text/markdown", False)])
def test_only_mails_have_quotations_that_are_no_answers(media_type: str, expected: bool) -> None:
    document = Document("a", "a", "A", "One.\n\n> Two.\n> Three.", media_type=media_type)
    assert not is_quoted(document, 1)
    assert is_quoted(document, document.text.index("Three")) == expected
    whole = Span(0, len(document.text))
    assert before_quotation(document, whole) == (Span(0, 4) if expected else whole)


def test_a_prompt_in_code_is_no_quotation() -> None:
    document = Document("a", "a", "A", "```\n>>> f(2)\n4\n```", media_type=MAIL)
    assert not is_quoted(document, 5)
