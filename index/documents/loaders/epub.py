"""EPUB books: the chapters in reading order, each read as an HTML page."""

from dataclasses import replace

from index.documents.archive import Archive
from index.documents.epub_package import book_of
from index.documents.html.page_text import write_source
from index.documents.loader import Content, LoadOptions
from index.documents.loaders.html import decoded_page
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.errors import UnreadableDocument


class EpubLoader(MarkupLoader):
    """Loads EPUB 2 and 3 books.

    Each chapter file is a place of kind `part`, labelled by its path in the book; its anchors are
    places of kind `anchor`. The book's own table of contents is left out.
    """

    def read(self, content: bytes, options: LoadOptions) -> Content:
        archive = Archive(content)
        book = book_of(archive)
        text = MarkupText()
        missing = [path for path in book.chapters if path not in archive]
        for path in book.chapters:
            if path in archive:
                _write_chapter(archive, path, text, options)
        return text.content(
            title=book.title, metadata=book.metadata, warning=_warning(missing, len(book.chapters))
        )


def _write_chapter(archive: Archive, path: str, text: MarkupText, options: LoadOptions) -> None:
    chapter = archive.read(path)
    if not chapter.strip():
        return
    try:
        source, _, _ = decoded_page(chapter, replace(options, fallback=None))
    except UnreadableDocument as error:
        raise UnreadableDocument(f"{path}: {error}", error.kind) from None
    text.place("part", path)
    text.end_places("anchor")
    write_source(source, text)


def _warning(missing: list[str], n_chapters: int) -> str | None:
    if not missing:
        return None
    return f"{len(missing)} of {n_chapters} chapters are missing, first {missing[0]}"
