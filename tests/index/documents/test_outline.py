"""The tree of a document's parts, with trees written by hand."""

import pytest
from hypothesis import given

from documents import documents, examples
from index.documents.outline import is_question, outline_of
from index.documents.outline_node import Node
from index.types import Document, Span

MARKDOWN, PLAIN = "text/markdown", "text/plain"


def tree(text: str, media_type: str = MARKDOWN) -> list[object]:
    """Each node as its kind and own words, then a list of its children, if any."""

    def of(node: Node) -> list[object]:
        shown: list[object] = []
        for child in node.children:
            shown.append(f"{child.kind}: {child.head.of(text)}")
            if child.children:
                shown.append(of(child))
        return shown

    return of(outline_of(text, Span(0, len(text)), media_type))


def test_items_are_children_of_items() -> None:
    text = "- rowan\n  - red\n    berries\n- medlar\n  - brown\n\n    and soft\n"
    assert tree(text) == [
        "item: - rowan",
        ["item: - red\n    berries"],
        "item: - medlar",
        ["item: - brown", ["paragraph: and soft"]],
    ]


def test_a_list_is_a_child_of_its_lead_in_and_the_text_after_it_is_not() -> None:
    text = "Check these:\n\n1. the tap\n2. the gate\n\nThen go.\n"
    assert tree(text) == [
        "lead: Check these:",
        ["item: 1. the tap", "item: 2. the gate"],
        "paragraph: Then go.",
    ]


def test_rows_are_children_of_their_header() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
    assert tree(text) == ["table: | a | b |", ["row: | 1 | 2 |", "row: | 3 | 4 |"]]


@pytest.mark.parametrize("code", ["```sh\nrun it\n```", "    run it"])
def test_code_is_a_child_of_the_paragraph_before_it(code: str) -> None:
    text = f"Start it like this\n\n{code}\n\nDone.\n"
    assert tree(text) == ["lead: Start it like this", [f"code: {code.strip()}"], "paragraph: Done."]


def test_a_reply_is_a_child_of_its_question_in_every_form() -> None:
    for question, reply in (("**Why?**", "So."), ("Q: Why?", "A: So."), ("Why?", "So.")):
        text = f"{question}\n\n{reply}\n\n{question}\n\n{reply}\n"
        assert tree(text) == 2 * [f"question: {question}", [f"paragraph: {reply}"]]


def test_the_reply_is_from_the_next_speaker() -> None:
    text = "Ida: Who calls?\nOlav: I do.\nIda: Good. What else?\nNils: Nothing.\n"
    assert tree(text, PLAIN) == [
        "question: Ida: Who calls?",
        ["paragraph: Olav: I do."],
        "paragraph: Ida: Good. What else?",
        "paragraph: Nils: Nothing.",
    ]


def test_markup_without_text_is_in_no_node() -> None:
    assert tree("---\n\n<div>\n\nwords\n\n{{< tab >}}\n\n[a]: https://b\n") == ["paragraph: words"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Which cards are taken?", True),
        ("**Q: Is v2.0 out?**", True),
        ("It is here.", False),
        ("Who? I do not know.", False),
        ("It came. Who brought it?", False),
    ],
)
def test_a_question_is_one_sentence_with_a_question_mark_or_word(text: str, expected: bool) -> None:
    assert is_question(text) == expected


@examples(100)
@given(document=documents())
def test_the_nodes_of_any_text_are_within_their_parents_in_order(document: Document) -> None:
    for media_type in (MARKDOWN, PLAIN):
        root = outline_of(document.text, Span(0, len(document.text)), media_type)
        todo = [root]
        while todo:
            node = todo.pop()
            end = node.span.start
            for child in node.children:
                assert child.parent is node
                assert end <= child.span.start < child.span.end <= node.span.end
                assert child.span.contains(child.head)
                end = child.span.end
            todo += node.children
