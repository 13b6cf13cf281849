"""The front matter of a Markdown file: YAML between two lines of `---` at its start."""

from collections.abc import Iterator, Mapping
from datetime import date

import regex

from index.documents.formats import MARKDOWN

FRONT_MATTER = regex.compile(r"\A---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", regex.DOTALL)

_LINE = regex.compile(r"^(\w+):[ \t]*(.+?)[ \t]*$", regex.MULTILINE)
"""A property in front matter that is not valid YAML, such as `title: Aid: a history`."""

_LONGEST = 1 << 16
_MOST_VALUES = 100
_NAMES = {
    "title": "title",
    "author": "author",
    "authors": "author",
    "date": "date",
    "published": "date",
    "lang": "language",
    "language": "language",
    "tags": "tags",
    "keywords": "tags",
    "categories": "tags",
    "description": "description",
    "url": "url",
    "canonical": "url",
    "modified": "modified",
    "lastmod": "modified",
    "updated": "modified",
}
"""The names that files use, and what each is called in a document's metadata."""


def front_matter(text: str) -> Mapping[str, str]:
    """Return the properties in a file's front matter: title, author, date, language, tags and such.

    Other properties keep their names. A list is joined with commas. Values that are not text,
    numbers or dates are left out.

    >>> front_matter("---\\ntitle: Aid\\ntags: [a, b]\\n---\\n# Aid\\n")
    {'title': 'Aid', 'tags': 'a, b'}
    """
    found = FRONT_MATTER.match(text)
    if found is None or not found.group(1) or len(found.group(1)) > _LONGEST:
        return {}
    return dict(_properties(_parsed(found.group(1))))


def end_of_front_matter(text: str, media_type: str) -> int:
    """Return the offset of a document's text after its front matter; 0 if it has none."""
    if media_type != MARKDOWN or not text.startswith("---"):
        return 0
    found = FRONT_MATTER.match(text)
    return 0 if found is None else found.end()


def _parsed(source: str) -> object:
    import yaml  # only some files have front matter

    try:
        return yaml.load(source, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {key: value.strip("\"'") for key, value in _LINE.findall(source)}


def _properties(parsed: object) -> Iterator[tuple[str, str]]:
    if not isinstance(parsed, dict):
        return
    for key, value in parsed.items():
        text = _text_of(value)
        if isinstance(key, str) and text:
            yield _NAMES.get(key.lower(), key), text


def _text_of(value: object) -> str:
    if isinstance(value, list):
        # Not lists in it: aliases can make such a list exponentially long.
        return ", ".join(filter(None, (_scalar(each) for each in value[:_MOST_VALUES])))
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):  # a datetime is a date too
        return value.isoformat()
    if isinstance(value, str | int | float):
        return " ".join(str(value).split())
    return ""
