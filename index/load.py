"""Files to documents: find them, decode them, and make their canonical text.

Canonical text is the decoded file without a byte-order mark and with every line end as `\\n`;
nothing else is changed, so a citation can be held against the file itself.
"""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.errors import BadInput, UnreadableDocument
from index.structure import MARKDOWN, Block, blocks_of, front_matter_title, headings_of
from index.types import Document, Heading

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
}
MAX_FILE_BYTES = 32 * 2**20
"""A larger file is skipped: it would be hours of encoding, and no one reads it as one document."""

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_TRUSTED_SAMPLE = 256 * 1024
_SHOWN_TITLE = 200


def find(paths: Sequence[Path], avoid: Path) -> tuple[list[Path], int]:
    """The files under these paths, in order of their path, each once; and how many files in the
    folders are of types that are not read.

    Hidden files and folders, and the folder `avoid`, are left out of folders.

    Raises BadInput if a path does not exist.
    """
    found: set[Path] = set()
    n_other = 0
    for path in paths:
        resolved = path.resolve()
        if not resolved.exists():
            raise BadInput(f"no file or folder at {path}; check the path and the working directory")
        if not resolved.is_dir():
            found.add(resolved)
            continue
        for file in _walk(resolved, avoid.resolve()):
            if file.suffix.lower() in MEDIA_TYPES:
                found.add(file)
            else:
                n_other += 1
    return sorted(found), n_other


def _walk(folder: Path, avoid: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = [name for name in folders if not name.startswith(".") and here / name != avoid]
        for name in files:
            if not name.startswith("."):
                yield (here / name).resolve()


def read(path: Path, doc_id: str) -> Document:
    """The document that a file holds. Raises UnreadableDocument as read_text does."""
    text, media_type = read_text(path)
    return document_of(text, doc_id, media_type=media_type, name=path.stem)


def read_text(path: Path) -> tuple[str, str]:
    """A file's canonical text and media type, without looking for its structure: enough to see
    whether it has changed.

    Raises UnreadableDocument, with the reason, for a file that is missing, unreadable, too large,
    of a type that is not read, binary, or empty.
    """
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        kinds = " and ".join(sorted({".txt", ".md"}, reverse=True))
        raise UnreadableDocument(f"not a type that is read ({kinds})")
    text = decode(_bytes_of(path))
    _refuse_blank(text)
    return text, media_type


def _refuse_blank(text: str) -> None:
    if not text or text.isspace():
        raise UnreadableDocument("empty")


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise UnreadableDocument("not a regular file")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 2**20
            raise UnreadableDocument(f"{size / 2**20:.0f} MiB, over the limit of {limit} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(f"cannot be read: {error.strerror or error}") from error


def document_of(
    text: str, doc_id: str, *, media_type: str, name: str, source: str | None = None
) -> Document:
    """A document of a canonical text, its title and headings found in it.

    Raises UnreadableDocument if the text is all white space.
    """
    _refuse_blank(text)
    blocks = blocks_of(text, media_type)
    headings = headings_of(text, blocks, media_type)
    return Document(
        doc_id=doc_id,
        source=doc_id if source is None else source,
        title=_title(text, media_type, blocks[0], headings) or name,
        text=text,
        media_type=media_type,
        headings=headings,
    )


def _title(text: str, media_type: str, first: Block, headings: tuple[Heading, ...]) -> str | None:
    """Markdown: the front matter's title, or the first top heading. Else a heading at the top."""
    if media_type == MARKDOWN:
        top = next((heading.text for heading in headings if heading.level == 1), None)
        return front_matter_title(text) or top
    at_top = headings and headings[0].span == first.span
    return headings[0].text[:_SHOWN_TITLE] if at_top else None


def decode(content: bytes) -> str:
    """Bytes to canonical text: UTF-8, or what a byte-order mark or the bytes themselves tell.

    Raises UnreadableDocument if they are not text.
    """
    text = _decoded(content).removeprefix("\ufeff")
    if _is_binary(text):
        raise UnreadableDocument("binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        if b"\0" in content or encoding != "utf-8":
            raise UnreadableDocument("binary, not text") from None
    try:
        return content.decode(_likeliest_encoding(_sample(content)))
    except UnicodeDecodeError:
        raise UnreadableDocument("binary, or in an encoding that could not be told") from None


def _sample(content: bytes) -> bytes:
    """The first lines that show the encoding. The guesser looks at a few spots, and must not be
    shown ASCII alone or half a character."""
    lines = b"\n".join(line for line in content.splitlines() if not line.isascii())
    end = lines.rfind(b"\n", 0, _TRUSTED_SAMPLE) if len(lines) > _TRUSTED_SAMPLE else len(lines)
    return lines[: end if end > 0 else _TRUSTED_SAMPLE]


def _likeliest_encoding(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    guesses = list(from_bytes(sample))
    if not guesses:
        return "ascii"
    merit = (guesses[0].chaos, guesses[0].coherence)
    equal = [guess for guess in guesses if (guess.chaos, guess.coherence) == merit]
    names = [name for guess in equal for name in (guess.encoding, *guess.could_be_from_charset)]
    # Where Western and Central Europe's fit alike, as for Spanish and French, it is the former.
    return "cp1252" if "cp1252" in names else names[0]


def _is_binary(text: str) -> bool:
    """NUL, or more than one control character in a hundred."""
    if "\0" in text:
        return True
    sample = text[:_TRUSTED_SAMPLE]
    n_controls = sum(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v\x1b" for c in sample)
    return n_controls > len(sample) / 100
