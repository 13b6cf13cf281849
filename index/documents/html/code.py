"""Blocks of code: their text and their language."""

import re

from index.documents.html.tree import Element

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:(?:language|lang|highlight(?:-source|-text)?)-|brush:\s*)([\w+#.]+)"
)
_NAMED = frozenset(
    """bash c cpp css console diff go haskell html java javascript js json kotlin lua makefile perl
    php python ruby rust scala shell sh sql swift toml ts typescript xml yaml""".split()
)
_NO_LANGUAGE = frozenset({"default", "none", "notranslate", "nohighlight", "plaintext", "text"})


def code_of(element: Element) -> str:
    """Return the text of a `<pre>`, with its line ends."""
    parts = []
    for each in element.descendants():
        if isinstance(each, str):
            parts.append(each)
        elif each.tag == "br":
            parts.append("\n")
        elif each.tag == "img":
            parts.append(each.get("alt"))
    return "".join(parts)


def language_of(element: Element) -> str:
    """Return the language that the classes of a `<pre>` or its neighbours name, or ""."""
    inner = [each for each in element.elements if each.tag == "code"][:1]
    outer = [each for each, _ in zip(element.above, range(2), strict=False)]
    for each in (*inner, element, *outer):
        classes = each.get("class").lower()
        match = _LANGUAGE.search(classes)
        names = [match.group(1)] if match else [name for name in classes.split() if name in _NAMED]
        if names and names[0] not in _NO_LANGUAGE:
            return names[0]
    return ""
