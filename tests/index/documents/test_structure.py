"""The blocks of plain text: separate lines, wrapped paragraphs, headings."""

import pytest

from index.documents.structure import plain_blocks, title_line


def blocks(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.span.of(text)) for block in plain_blocks(text)]


def paragraphs(text: str) -> list[str]:
    return [said for kind, said in blocks(text) if kind == "paragraph"]


@pytest.mark.parametrize(
    "text",
    [
        "Pump 1 runs at 3 bar\nPump 2 runs at 4 bar\nPump 3 runs at 5 bar",
        "2031-04-01 10:00:07 started\n2031-04-01 10:01:09 stopped",
        "[2031-04-01 10:00:07] up\n[2031-04-01 10:01:07] down",
        "- salt\n- pepper\n- oil",
        "1. Wash\n2. Cut\n3. Serve",
    ],
)
def test_records_are_one_block_of_lines(text: str) -> None:
    assert blocks(text) == [("lines", text)]


@pytest.mark.parametrize("width", [18, 40, 72, 110])
def test_prose_is_joined_at_any_width(width: int) -> None:
    words = ("the ferry leaves at nine and brings the post to all of the islands " * 4).split()
    lines = [words[0].capitalize()]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    text = "\n".join(lines) + "."
    assert blocks(text) == [("paragraph", text)]


def test_an_aside_is_a_paragraph_and_ends_a_wrapped_sentence() -> None:
    text = "[Music]\nWelcome to a talk on\nbees.\n[Laughter]\nOur guest has nine hives\nat home."
    assert paragraphs(text) == [
        "[Music]",
        "Welcome to a talk on\nbees.",
        "[Laughter]",
        "Our guest has nine hives\nat home.",
    ]


def test_each_speaker_begins_a_paragraph() -> None:
    text = "Ana: Who orders\nthe tiles?\nBen: I do."
    assert paragraphs(text) == ["Ana: Who orders\nthe tiles?", "Ben: I do."]


def test_a_question_and_its_answer_on_separate_lines_are_two_paragraphs() -> None:
    assert paragraphs("Which cards are taken?\nAny but store cards.") == [
        "Which cards are taken?",
        "Any but store cards.",
    ]


@pytest.mark.parametrize(
    "line", ["[Laughter]", "Language: English", "True", "L = []", "<Expr> ::= <Term>", "Foo;"]
)
def test_these_lines_are_no_headings(line: str) -> None:
    assert "heading" not in [kind for kind, _ in blocks(f"{line}\n\nSome words follow here.")]


@pytest.mark.parametrize("line", ["Chapter 1: The Sea", "Opening Hours", "Prices"])
def test_these_lines_are_headings(line: str) -> None:
    assert blocks(f"{line}\n\nSome words follow here.")[0] == ("heading", line)


def test_an_underlined_title_is_a_heading_with_the_level_of_its_character() -> None:
    text = "====\nTop\n====\n\nwords.\n\nOne\n---\n\nwords.\n\nTwo\n---\nwords."
    text += "\n\nDeep\n~~~~\n\nwords."
    found = [(b.level, title_line(b.span.of(text))) for b in plain_blocks(text) if b.level]
    assert found == [(1, "Top"), (2, "One"), (2, "Two"), (3, "Deep")]


def test_an_indented_block_after_two_colons_is_lines() -> None:
    text = "Run this::\n\n    quill watch\n    quill stop\n\nIt says how long."
    assert blocks(text)[1] == ("lines", "quill watch\n    quill stop")
