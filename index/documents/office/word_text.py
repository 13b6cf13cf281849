"""The visible text of a Word paragraph, and what is anchored in it."""

from dataclasses import dataclass, field

from index.documents.office.word_styles import Styles, W, is_on, value_of
from index.documents.office.xml import Element, local_name

_SOFT_HYPHEN = "\u00ad"
_PRIVATE_USE = range(0xE000, 0xF900)

_LEFT_OUT = frozenset(
    "pPr rPr del moveFrom instrText delText delInstrText rt commentReference annotationRef "
    "footnoteRef endnoteRef fldChar ffData object sdtPr sdtEndPr tblPr tblGrid txbxContent".split()
)
_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}


@dataclass(frozen=True, slots=True)
class Note:
    """A mark of a footnote or an endnote."""

    kind: str
    note_id: str


@dataclass(slots=True)
class ParagraphText:
    """The text of a paragraph, in order of the document.

    text:      without deleted and hidden text, instructions of fields and marks of notes
    notes:     whose marks are in the text
    pictures:  the alternative texts of its pictures
    boxes:     the contents of its text boxes: elements that contain paragraphs
    """

    text: str = ""
    notes: list[Note] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)


class _Reader:
    def __init__(self, styles: Styles, hides: bool) -> None:
        self.styles = styles
        self.hides = hides
        self.pieces: list[str] = []
        self.found = ParagraphText()
        # Of each open field, whether its instruction has ended.
        self.fields: list[bool] = []

    def read(self, element: Element) -> None:
        name = local_name(element)
        if name == "r":
            self._read_run(element)
        elif name == "AlternateContent":
            self._read_alternative(element)
        elif name in ("footnoteReference", "endnoteReference"):
            note_id = element.get(f"{W}id", "")
            self.found.notes.append(Note(name.removesuffix("Reference"), note_id))
        elif name == "fldChar":
            self._read_field(element.get(f"{W}fldCharType"))
        elif name in ("drawing", "pict"):
            self._read_drawing(element)
        elif name not in _LEFT_OUT:
            self._read_text(element, name)

    def _read_run(self, run: Element) -> None:
        properties = run.find(f"{W}rPr")
        hidden = is_on(properties, "vanish")
        if hidden is None:
            style_id = value_of(properties, "rStyle")
            hidden = self.styles.is_hidden(style_id) if style_id else self.hides
        for child in run:
            if not hidden or local_name(child) == "fldChar":
                self.read(child)

    def _read_field(self, kind: str | None) -> None:
        if kind == "begin":
            self.fields.append(False)
        elif kind == "separate" and self.fields:
            self.fields[-1] = True
        elif kind == "end" and self.fields:
            self.fields.pop()

    def _read_text(self, element: Element, name: str) -> None:
        if name == "t":
            self._write(element.text or "")
        elif name == "sym":
            self._write(_symbol(element.get(f"{W}char", "")))
        elif name in _CHARACTERS:
            self._write(_CHARACTERS[name])
        else:
            for child in element:
                self.read(child)

    def _write(self, text: str) -> None:
        if all(self.fields):
            self.pieces.append(text.replace(_SOFT_HYPHEN, ""))

    def _read_alternative(self, element: Element) -> None:
        """Read the first choice, or else the fallback: both show the same."""
        for child in element:
            if local_name(child) in ("Choice", "Fallback"):
                for each in child:
                    self.read(each)
                return

    def _read_drawing(self, drawing: Element) -> None:
        """Note the alternative texts and the text boxes of a drawing, but not of nested ones."""
        for child in drawing:
            name = local_name(child)
            if name == "txbxContent":
                self.found.boxes.append(child)
                continue
            if name == "AlternateContent":
                self._read_alternative_drawing(child)
                continue
            text = _alternative_text(child, name)
            if text and text not in self.found.pictures:
                self.found.pictures.append(text)
            self._read_drawing(child)

    def _read_alternative_drawing(self, element: Element) -> None:
        chosen = next((c for c in element if local_name(c) in ("Choice", "Fallback")), None)
        if chosen is not None:
            self._read_drawing(chosen)


def _alternative_text(element: Element, name: str) -> str:
    if name == "docPr":
        return str(element.get("descr", "")).strip()
    if name in ("shape", "rect", "group"):
        return str(element.get("alt", "")).strip()
    return ""


def _symbol(code: str) -> str:
    """Return the character of `w:sym`; "" for one that only its font defines."""
    try:
        point = int(code, 16)
    except ValueError:
        return ""
    visible = 0x20 <= point <= 0x10FFFF and point not in _PRIVATE_USE
    return chr(point) if visible and not 0xD800 <= point < 0xE000 else ""


def paragraph_text(paragraph: Element, styles: Styles) -> ParagraphText:
    """Return the visible text of a `w:p` and what is anchored in it."""
    properties = paragraph.find(f"{W}pPr")
    hides = styles.is_hidden(value_of(properties, "pStyle"))
    reader = _Reader(styles, hides)
    for child in paragraph:
        reader.read(child)
    reader.found.text = "".join(reader.pieces)
    return reader.found
