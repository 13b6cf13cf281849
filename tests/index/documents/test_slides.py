"""PowerPoint and OpenDocument presentations: values worked by hand."""

from io import BytesIO
from typing import Any

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from index.documents.loader import Content, LoadOptions
from index.documents.loaders.odp import OdpLoader
from index.documents.loaders.pptx import PptxLoader
from index.errors import UnreadableDocument
from index.places import Place
from office_files import open_document, zip_of

TITLE_SLIDE, TITLE_AND_CONTENT, TITLE_ONLY, BLANK = 0, 1, 5, 6


def saved(presentation: object) -> Content:
    stream = BytesIO()
    presentation.save(stream)  # type: ignore[attr-defined]
    return PptxLoader().load(stream.getvalue(), LoadOptions())


def test_slides_are_sections_with_their_numbers_and_notes() -> None:
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[TITLE_SLIDE])
    first.shapes.title.text = "Annual report"
    first.placeholders[1].text = "of the board"
    deck.slides.add_slide(deck.slide_layouts[BLANK])
    third = deck.slides.add_slide(deck.slide_layouts[TITLE_AND_CONTENT])
    third.shapes.title.text = "Costs"
    frame = third.placeholders[1].text_frame
    frame.text = "Rent"
    frame.add_paragraph().text = "of the hall"
    frame.paragraphs[1].level = 1
    third.notes_slide.notes_text_frame.text = "Rent rose in May.\nAsk the board."
    content = saved(deck)
    assert content.text == (
        "# Annual report\n\nof the board\n\n"
        "# Costs\n\n- Rent\n  - of the hall\n\nNotes:\n\nRent rose in May.\n\nAsk the board."
    )
    assert content.places == (
        Place(0, "slide", "1"), Place(content.text.index("# Costs"), "slide", "3"),
    )  # fmt: skip
    assert content.title == "Annual report"


def test_shapes_are_read_as_they_are_placed() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[BLANK])
    for text, left, top in [("last", 1, 5), ("right", 5, 2.1), ("left", 1, 2), ("first", 3, 0)]:
        box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(1), Inches(0.5))
        box.text_frame.text = text
    group = slide.shapes.add_group_shape()
    inner = group.shapes.add_textbox(Inches(1), Inches(6), Inches(1), Inches(0.5))
    inner.text_frame.text = "in a group"
    assert saved(deck).text == "# Slide 1\n\nfirst\n\nleft\n\nright\n\nlast\n\nin a group"


def test_tables_and_charts_are_tables() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    slide.shapes.title.text = "Sales"
    table = slide.shapes.add_table(3, 3, 0, Inches(2), Inches(4), Inches(1)).table
    for i, row in enumerate([["Plan", "Cost", ""], ["Basic", "5", "year"], ["", "1", "month"]]):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["East", "West"]
    data.add_series("2023", (1234567, 2.5))
    data.add_series("2024", (None, 3))
    chart = slide.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, 0, Inches(4), Inches(4), Inches(2), data
    ).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "By region"
    assert saved(deck).text == (
        "# Sales\n\n| Plan | Cost | Cost |\n| --- | --- | --- |\n"
        "| Basic | 5 | year |\n| Basic | 1 | month |\n\nBy region\n\n"
        "|  | 2023 | 2024 |\n| --- | --- | --- |\n| East | 1234567 |  |\n| West | 2.5 | 3 |"
    )


def test_pictures_have_alternative_text_and_numbered_paragraphs_their_numbers() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[BLANK])
    box = slide.shapes.add_textbox(0, 0, Inches(1), Inches(0.5))
    box._element.nvSpPr.cNvPr.set("descr", "A blue box")
    for text in ("one", "two"):
        paragraph = box.text_frame.add_paragraph()
        paragraph.text = text
        properties = paragraph._p.get_or_add_pPr()
        properties.insert_element_before(
            properties.makeelement(
                "{http://schemas.openxmlformats.org/drawingml/2006/main}buAutoNum",
                {"type": "alphaLcParenR", "startAt": "3"},
            )
        )
    assert saved(deck).text == "# Slide 1\n\nA blue box\n\n- c) one\n- d) two"


def frame(text: str, kind: str, top: float, left: float = 1) -> str:
    return (
        f'<draw:frame presentation:class="{kind}" svg:x="{left}cm" svg:y="{top}cm">'
        f"<draw:text-box>{text}</draw:text-box></draw:frame>"
    )


def test_odp_slides_are_read_in_the_same_way() -> None:
    bullets = (
        "<text:list><text:list-item><text:p>Rent</text:p><text:list><text:list-item>"
        "<text:p>of the hall</text:p></text:list-item></text:list></text:list-item></text:list>"
    )
    notes = frame("<text:p>Rent rose.</text:p>", "notes", 1)
    notes = f"<presentation:notes>{notes}</presentation:notes>"
    table = (
        '<draw:frame svg:x="1cm" svg:y="9cm"><table:table>'
        + "<table:table-row><table:table-cell><text:p>Plan</text:p></table:table-cell>"
        "<table:table-cell><text:p>Cost</text:p></table:table-cell></table:table-row>"
        * 2
        + "</table:table></draw:frame>"
    )
    slides = (
        f"<draw:page>{frame('<text:p>Annual report</text:p>', 'title', 5)}"
        f"{frame('<text:p>of the board</text:p>', 'subtitle', 2)}</draw:page>"
        "<draw:page/>"
        f"<draw:page>{table}{frame(bullets, 'outline', 4)}"
        f"{frame('<text:p>3</text:p>', 'page-number', 0)}{notes}</draw:page>"
    )
    content = OdpLoader().load(open_document("presentation", slides), LoadOptions())
    assert content.text == (
        "# Annual report\n\nof the board\n\n# Slide 3\n\n- Rent\n  - of the hall\n\n"
        "| Plan | Cost |\n| --- | --- |\n| Plan | Cost |\n\nNotes:\n\nRent rose."
    )
    assert content.places == (
        Place(0, "slide", "1"), Place(content.text.index("# Slide 3"), "slide", "3"),
    )  # fmt: skip
    assert content.title == "Annual report"


@pytest.mark.parametrize("loader", [PptxLoader(), OdpLoader()], ids=["pptx", "odp"])
def test_a_file_that_is_no_presentation_is_named(loader: PptxLoader | OdpLoader) -> None:
    with pytest.raises(UnreadableDocument, match="not a presentation") as raised:
        loader.load(zip_of({"[Content_Types].xml": "<a/>", "xl/workbook.xml": ""}), LoadOptions())
    assert raised.value.kind == "damaged"


def test_a_presentation_without_text_is_empty() -> None:
    deck = Presentation()
    deck.slides.add_slide(deck.slide_layouts[BLANK])
    with pytest.raises(UnreadableDocument) as raised:
        saved(deck)
    assert raised.value.kind == "empty"
