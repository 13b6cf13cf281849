"""Real files of Office programs: tests/files/office/README.md says how they were made."""

from pathlib import Path

import pytest
import regex

from command import ROOT
from index.documents.formats import format_of_file
from index.documents.loader import Content, LoadOptions, loader_of
from index.errors import UnreadableDocument

FILES = ROOT / "tests/files/office"
DOCUMENTS = sorted(path.name for path in FILES.glob("handbook-*"))


def load(path: Path, content: bytes) -> Content:
    format = format_of_file(path)
    assert format is not None
    return loader_of(format).load(content, LoadOptions())


HANDBOOK = """\
# Staff handbook

A. Author

# Leave

Every member of staff has 25 days of leave a year. Leave is asked for in writing.

Part-time staff have a share of it.

## How to ask

1. Fill in the form.

   The form is in the office.

2. Hand it in:
   - a) to your manager, or
   - b) to the office.
3. Wait for the reply.

## Sick leave

- Call before 9:00.
  - Leave a message if nobody answers.
- Bring a note after three days.

Pay during sick leave

| Days | Paid share | Note needed |
| --- | --- | --- |
| 1–3 | 100 % | no |
| 4–30 | 80 % | yes |

# Expenses

Trains are paid in second class; flights need prior approval. See https://example.org/fees.

The board decides on all other cases.

Use form-7:

expenses = tickets + hotel"""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_same_document_has_the_same_text_in_each_format_and_program(name: str) -> None:
    content = load(FILES / name, (FILES / name).read_bytes())
    assert content.text == HANDBOOK
    assert content.title == "Staff handbook"
    assert content.metadata["author"] == "A. Author"


def test_the_same_workbook_has_the_same_text_in_each_format_and_program() -> None:
    contents = [load(path, path.read_bytes()) for path in sorted(FILES.glob("prices-*"))]
    assert len(contents) == 3
    for content in contents:
        assert content.text == contents[0].text
        assert content.places == contents[0].places
    for row in ("| percent | 15.7% |", "| true | TRUE |", "| error | #DIV/0! |", "| formula | 2 |"):
        assert row in contents[0].text
    assert "SECRET" not in contents[0].text


def test_the_same_slides_have_the_same_titles_tables_and_sentences() -> None:
    pptx, odp = (load(FILES / name, (FILES / name).read_bytes())
                 for name in ("deck-pandoc.pptx", "deck-libreoffice.odp"))  # fmt: skip
    assert [each.text for each in pptx.headings] == [each.text for each in odp.headings]
    assert [each.label for each in pptx.places] == [each.label for each in odp.places]
    # LibreOffice begins a list anew after a paragraph within it.
    one, other = (regex.sub(r"(?m)^\d+\. ", "1. ", each.text) for each in (pptx, odp))
    assert one == other
    assert "| 4–30 | 80 % | yes |" in pptx.text


@pytest.mark.parametrize("path", sorted(FILES.glob("*-*.*")), ids=lambda path: path.name)
def test_a_file_that_was_cut_is_refused_as_damaged(path: Path) -> None:
    content = path.read_bytes()
    for percent in range(1, 100):
        with pytest.raises(UnreadableDocument) as raised:
            load(path, content[: len(content) * percent // 100])
        assert raised.value.kind == "damaged"
