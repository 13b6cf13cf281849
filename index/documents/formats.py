"""The list of supported file formats.

To add a format, add a module in `index/documents/loaders` and an entry in FORMATS. The search for
files, the messages and the help use this list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

PLAIN_TEXT = "text/plain"
MARKDOWN = "text/markdown"
MAIL = "message/rfc822"
MAILBOX = "application/mbox"

Notation = Literal["plain", "blocks", "markdown", "code"]
"""How a canonical text shows its structure: by its lines; by Markdown's marks of blocks, with
literal text in them (index.documents.markup_text); by all of Markdown; or as source code."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    extensions: of file names, in lower case; messages name the first
    loader:     `module:class` of its index.documents.loader.Loader, imported on first use
    isolated:   files are parsed in a separate process (index.documents.isolation)
    has_rectangles: its loader is a PageLoader, which finds the rectangles of a quote
    version:    increased when the loader produces another document from the same bytes; files that
                another version loaded are loaded again
    """

    name: str
    media_type: str
    extensions: tuple[str, ...]
    loader: str
    notation: Notation = "plain"
    isolated: bool = False
    has_rectangles: bool = False
    version: int = 1

    @property
    def key(self) -> str:
        """Return the value of FileVersion.loader: media type and version."""
        return f"{self.media_type} {self.version}"


def _code(name: str, media_type: str, extensions: str, loader: str) -> Format:
    path = f"index.documents.loaders.source_code:{loader}Loader"
    return Format(name, media_type, tuple(extensions.split()), path, notation="code", isolated=True)


_CODE = (
    _code("Python", "text/x-python", ".py .pyi", "Python"),
    _code("JavaScript", "text/javascript", ".js .mjs .cjs .jsx", "JavaScript"),
    _code("TypeScript", "text/x-typescript", ".ts .mts .cts", "TypeScript"),
    _code("TypeScript with JSX", "text/x-tsx", ".tsx", "Tsx"),
    _code("Java", "text/x-java", ".java", "Java"),
    _code("C", "text/x-c", ".c .h", "C"),
    _code("C++", "text/x-c++", ".cpp .cc .cxx .hpp .hh .hxx", "Cpp"),
    _code("C#", "text/x-csharp", ".cs", "CSharp"),
    _code("Go", "text/x-go", ".go", "Go"),
    _code("Rust", "text/x-rust", ".rs", "Rust"),
    _code("Ruby", "text/x-ruby", ".rb", "Ruby"),
    _code("PHP", "text/x-php", ".php", "Php"),
    _code("shell script", "text/x-shellscript", ".sh .bash", "Shell"),
    _code("SQL", "application/sql", ".sql", "Sql"),
    _code("Kotlin", "text/x-kotlin", ".kt .kts", "Kotlin"),
    _code("Swift", "text/x-swift", ".swift", "Swift"),
)

FORMATS: tuple[Format, ...] = (
    Format(
        "plain text",
        PLAIN_TEXT,
        (".txt", ".text"),
        "index.documents.loaders.plain_text:PlainTextLoader",
    ),
    Format(
        "Markdown",
        MARKDOWN,
        (".md", ".markdown"),
        "index.documents.loaders.markdown:MarkdownLoader",
        notation="markdown",
        version=2,
    ),
    Format(
        "comma-separated values",
        "text/csv",
        (".csv",),
        "index.documents.loaders.delimited:CsvLoader",
        notation="blocks",
    ),
    Format(
        "tab-separated values",
        "text/tab-separated-values",
        (".tsv", ".tab"),
        "index.documents.loaders.delimited:TsvLoader",
        notation="blocks",
    ),
    Format(
        "PDF",
        "application/pdf",
        (".pdf",),
        "index.documents.loaders.pdf:PdfLoader",
        notation="blocks",
        isolated=True,
        has_rectangles=True,
        version=2,
    ),
    Format(
        "JSON Lines",
        "application/jsonl",
        (".jsonl", ".ndjson"),
        "index.documents.loaders.json_lines:JsonLinesLoader",
        notation="blocks",
    ),
    Format(
        "SubRip subtitles",
        "application/x-subrip",
        (".srt",),
        "index.documents.loaders.subtitles:SubtitlesLoader",
        notation="blocks",
    ),
    Format(
        "WebVTT subtitles",
        "text/vtt",
        (".vtt",),
        "index.documents.loaders.subtitles:SubtitlesLoader",
        notation="blocks",
    ),
    Format(
        "Jupyter notebook",
        "application/x-ipynb+json",
        (".ipynb",),
        "index.documents.loaders.notebook:NotebookLoader",
        notation="markdown",
    ),
    Format(
        "HTML",
        "text/html",
        (".html", ".htm", ".xhtml"),
        "index.documents.loaders.html:HtmlLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "EPUB",
        "application/epub+zip",
        (".epub",),
        "index.documents.loaders.epub:EpubLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "Word document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        (".docx", ".docm"),
        "index.documents.loaders.docx:DocxLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "OpenDocument text",
        "application/vnd.oasis.opendocument.text",
        (".odt",),
        "index.documents.loaders.odt:OdtLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "PowerPoint presentation",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        (".pptx", ".pptm", ".ppsx"),
        "index.documents.loaders.pptx:PptxLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "OpenDocument presentation",
        "application/vnd.oasis.opendocument.presentation",
        (".odp",),
        "index.documents.loaders.odp:OdpLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "Excel workbook",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        (".xlsx", ".xlsm"),
        "index.documents.loaders.xlsx:XlsxLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "OpenDocument spreadsheet",
        "application/vnd.oasis.opendocument.spreadsheet",
        (".ods",),
        "index.documents.loaders.ods:OdsLoader",
        notation="blocks",
        isolated=True,
        version=2,
    ),
    Format(
        "mail",
        MAIL,
        (".eml",),
        "index.documents.loaders.mail:MailLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "mailbox",
        MAILBOX,
        (".mbox",),
        "index.documents.loaders.mail:MailboxLoader",
        notation="blocks",
        isolated=True,
    ),
    Format(
        "reStructuredText",
        "text/x-rst",
        (".rst", ".rest"),
        "index.documents.loaders.restructured_text:RestructuredTextLoader",
    ),
    Format(
        "AsciiDoc",
        "text/asciidoc",
        (".adoc", ".asciidoc"),
        "index.documents.loaders.asciidoc:AsciiDocLoader",
    ),
    Format(
        "Org",
        "text/org",
        (".org",),
        "index.documents.loaders.org:OrgLoader",
    ),
    Format(
        "LaTeX",
        "application/x-latex",
        (".tex", ".latex"),
        "index.documents.loaders.latex:LatexLoader",
    ),
    *_CODE,
)


def format_of_file(path: PurePath) -> Format | None:
    """Return the format of a file's extension, or None if it is not supported."""
    extension = path.suffix.lower()
    return next((each for each in FORMATS if extension in each.extensions), None)


def format_of_media_type(media_type: str) -> Format | None:
    """Return the format of a media type, or None if it is not supported."""
    return next((each for each in FORMATS if each.media_type == media_type), None)


def notation_of(media_type: str) -> Notation:
    """Return the notation of a media type's canonical text; `plain` if it is not supported."""
    format = format_of_media_type(media_type)
    return "plain" if format is None else format.notation


def main_extensions(conjunction: str = "") -> str:
    """Return each format's first extension, for messages: `.txt, .md`, or `.txt and .md`."""
    return _listed((each.extensions[0] for each in FORMATS), conjunction)


def media_types() -> str:
    """Return each format's media type, for descriptions: "`text/plain` or `text/markdown`"."""
    return _listed((f"`{each.media_type}`" for each in FORMATS), "or")


def _listed(names: Iterable[str], conjunction: str) -> str:
    *others, last = names
    if not others or not conjunction:
        return ", ".join([*others, last])
    return f"{', '.join(others)} {conjunction} {last}"
