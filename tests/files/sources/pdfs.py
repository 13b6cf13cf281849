"""Make PDFs of a Markdown text with Typst, ReportLab and fpdf2: `python3 pdfs.py FERRY.md`."""

import re
import sys
from pathlib import Path

import typst
from fpdf import FPDF
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, Preformatted, SimpleDocTemplate, Table

TEXT = Path(sys.argv[1]).read_text("utf-8").split("---\n", 2)[2]
BLOCKS = [block.strip("\n") for block in TEXT.split("\n\n") if block.strip()]


def cells(block: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.split("\n")]
    return [rows[0], *rows[2:]]


def typst_of(block: str) -> str:
    if block.startswith("#"):
        return re.sub("^#+", lambda mark: "=" * len(mark.group()), block)
    if block.startswith("|"):
        rows = cells(block)
        listed = ", ".join(f"[{cell}]" for row in rows for cell in row)
        return f"#table(columns: {len(rows[0])}, {listed})"
    return re.sub(r"(?m)^\d+\. ", "+ ", block).replace("*Sofia*", "_Sofia_")


def flowable(block: str) -> Paragraph | Table | Preformatted:
    styles = getSampleStyleSheet()
    if block.startswith("#"):
        return Paragraph(block.lstrip("# "), styles[f"Heading{block.count('#')}"])
    if block.startswith("|"):
        return Table(cells(block))
    if block.startswith("```"):
        return Preformatted(block.strip("`\n"), styles["Code"])
    lines = re.sub(r"(?m)\n(?=- |\d+\. )", "<br/>", block)
    return Paragraph(re.sub(r"\*(\w+)\*", r"<i>\1</i>", lines), styles["BodyText"])


typst.compile(
    (
        '#set page(paper: "a5", numbering: "1", header: [Ferry handbook])\n'
        '#set text(lang: "en", hyphenate: true)\n#set par(justify: true)\n'
        '#set document(title: "Ferry handbook", author: "Ada Holm")\n'
        + "\n\n".join(map(typst_of, BLOCKS))
    ).encode(),
    output="typst-ferry.pdf",
)

SimpleDocTemplate(
    "reportlab-ferry.pdf", pagesize=A5, title="Ferry handbook", author="Ada Holm"
).build(list(map(flowable, BLOCKS)))

pdf = FPDF(format="A4")
pdf.set_title("Ferry handbook")
pdf.add_page()
for block in BLOCKS:
    heading = block.startswith("#")
    pdf.set_font("Times", "B" if heading else "", 16 if heading else 11)
    if block.startswith("|"):
        with pdf.table() as table:
            for row in cells(block):
                table.row(row)
    elif block[0] in "-`" or block[0].isdigit():
        pdf.multi_cell(0, 6, block.strip("`\n"), new_x="LMARGIN", new_y="NEXT")
    else:
        pdf.multi_cell(0, 6, block.lstrip("# ").replace("\n", " "), new_x="LMARGIN", new_y="NEXT")
    pdf.ln(3)
pdf.output("fpdf2-ferry.pdf")
