"""PDFs written by hand: pages of placed lines, as small as the format allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Placed:
    """A line of text. x, y: of its start, in points from the lower left corner."""

    text: str
    x: float = 72
    y: float = 700
    size: float = 11


@dataclass(frozen=True)
class PdfPage:
    lines: Sequence[Placed] = ()
    has_picture: bool = False


@dataclass
class _Objects:
    bodies: list[bytes] = field(default_factory=list)

    def add(self, body: str | bytes) -> int:
        self.bodies.append(body.encode("cp1252", "replace") if isinstance(body, str) else body)
        return len(self.bodies)


def lines_of(*texts: str, x: float = 72, top: float = 700, size: float = 11) -> list[Placed]:
    """Lines below each other, a fifth more apart than their size."""
    return [Placed(text, x, top - 1.2 * size * n, size) for n, text in enumerate(texts)]


def pdf_of(
    pages: Sequence[PdfPage],
    *,
    info: dict[str, str] | None = None,
    outline: Sequence[tuple[str, int]] = (),
    labels: str = "",
) -> bytes:
    """A PDF. outline: title and page, from 0. labels: a PDF number tree, as `0 << /S /r >>`."""
    objects = _Objects()
    catalog, tree, font = (objects.add("") for _ in range(3))
    objects.bodies[font - 1] = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    )
    picture = objects.add(_stream("<< /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
                                  "/BitsPerComponent 8 /Length 1 >>", b"\x00"))  # fmt: skip
    kids = [_add_page(objects, page, tree, font, picture) for page in pages]
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects.bodies[tree - 1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    extra = f"/PageLabels << /Nums [{labels}] >>" if labels else ""
    if outline:
        extra += f" /Outlines {_add_outline(objects, outline, kids)} 0 R"
    objects.bodies[catalog - 1] = f"<< /Type /Catalog /Pages {tree} 0 R {extra} >>".encode()
    about = objects.add(
        "<< " + " ".join(f"/{key} {_string(value)}" for key, value in (info or {}).items()) + " >>"
    )
    return _file(objects.bodies, catalog, about)


def _add_page(objects: _Objects, page: PdfPage, tree: int, font: int, picture: int) -> int:
    drawn = "".join(
        f"BT /F {line.size} Tf {line.x} {line.y} Td {_string(line.text)} Tj ET\n"
        for line in page.lines
    )
    if page.has_picture:
        drawn += "q 500 0 0 700 50 50 cm /P Do Q\n"
    body = drawn.encode("cp1252", "replace")
    content = objects.add(_stream(f"<< /Length {len(body)} >>", body))
    return objects.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] /Contents {content} 0 R "
        f"/Resources << /Font << /F {font} 0 R >> /XObject << /P {picture} 0 R >> >> >>"
    )


def _add_outline(objects: _Objects, outline: Sequence[tuple[str, int]], kids: Sequence[int]) -> int:
    root = objects.add("")
    first = root + 1
    for n, (title, page) in enumerate(outline):
        following = f"/Next {first + n + 1} 0 R" if n + 1 < len(outline) else ""
        objects.add(
            f"<< /Title {_string(title)} /Parent {root} 0 R {following} "
            f"/Dest [{kids[page]} 0 R /Fit] >>"
        )
    objects.bodies[root - 1] = (
        f"<< /First {first} 0 R /Last {first + len(outline) - 1} 0 R /Count {len(outline)} >>"
    ).encode()
    return root


def _string(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"({escaped})"


def _stream(head: str, body: bytes) -> bytes:
    return f"{head}\nstream\n".encode() + body + b"\nendstream"


def _file(bodies: Sequence[bytes], catalog: int, about: int) -> bytes:
    written, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(written))
        written += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {len(bodies) + 1} /Root {catalog} 0 R /Info {about} 0 R >>\n"
        f"startxref\n{len(written)}\n%%EOF\n"
    )
    return written + end.encode()
