"""Which lines are a list of contents, by hand."""

import pytest

from index.documents.blocks import lines, trimmed
from index.documents.contents import is_contents_list
from index.documents.formats import MARKDOWN
from index.documents.load import document_of

HEADINGS = "".join(f"\n\n## {title}\n\nDo it." for title in ("Install", "Use", "Repair", "Remove"))


def is_contents(text: str, rest: str = "") -> bool:
    document = document_of(f"{text}{rest}", "d", media_type=MARKDOWN, name="d.md")
    spans = [trimmed(document.text, s.start, s.end) for s in lines(document.text, 0, len(text))]
    return is_contents_list(document, [span for span in spans if span is not None])


@pytest.mark.parametrize(
    "text",
    [
        "- [Install](#install)\n- [Use](#use)\n- [Repair](#repair)\n- [Remove](#remove)",
        "1. [Install](a.md)\n   1. [Use](b.md)\n2. [Repair][r]\n3. [Remove](d.md)",
        "Contents\nInstall ........ 3\n2.1 Use . . . . . 12\nRepair\t14\nRemove      xii",
        "Read these parts in turn:\n" + "\n".join(f"- [Part {i}](p{i}.md)" for i in range(6)),
    ],
)
def test_lines_that_name_places_are_contents(text: str) -> None:
    assert is_contents(text)


def test_lines_that_are_headings_of_the_document_are_contents() -> None:
    assert is_contents("- Install\n- 2 *Use*\n- Repair\n- Remove", HEADINGS)
    assert not is_contents("- Install\n- 2 *Use*\n- Repair\n- Remove")
    # With a lead-in the list may be an answer.
    assert not is_contents("There are four steps:\n- Install\n- Use\n- Repair\n- Remove", HEADINGS)


@pytest.mark.parametrize(
    "text",
    [
        "- [Install](#install)\n- [Use](#use)\n- [Repair](#repair)",  # too few
        "- Read [a](a.md) first.\n- Then [b](b.md).\n- Add salt.\n- Stir for 10 minutes.",
        "- red\n- green\n- blue\n- grey",
        "Tea 3 crowns\nMilk 2 crowns\nBread 4 crowns\nSalt 1 crown",
        "The hall has 90 seats.\nIt is warm.\nIt was built in 1931.\nIt has a stage.",
    ],
)
def test_other_lines_are_not(text: str) -> None:
    assert not is_contents(text)
