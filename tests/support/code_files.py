"""The source files in tests/files/code, and random ones made of their lines."""

from pathlib import Path

from hypothesis import strategies as st

from documents import texts
from index.documents.formats import FORMATS, format_of_file

FOLDER = Path(__file__).parents[1] / "files" / "code"

SAMPLES = {
    format.media_type: path
    for path in sorted(FOLDER.iterdir())
    if (format := format_of_file(path)) is not None and format.notation == "code"
}
"""The sample file of each language, by its media type."""


def _random(path: Path) -> st.SearchStrategy[bytes]:
    source = path.read_text("utf-8")
    lines = st.one_of(st.sampled_from(source.split("\n")), texts())
    mixed = st.lists(lines, max_size=12).map("\n".join)
    return st.one_of(st.just(source), mixed).map(str.encode)


CODE_FILES = {
    format.media_type: _random(SAMPLES[format.media_type])
    for format in FORMATS
    if format.notation == "code"
}
