"""Inline markup: emphasis, code, links, images, escapes, entities and tags.

markdown-it gives tokens without offsets. So its inline rules are wrapped: each wrapper sees where
the rule began and ended. Only what a wrapper recognises as markup is hidden; all else is shown.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import regex
from markdown_it import MarkdownIt, rules_inline
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_inline import StateInline, emphasis, strikethrough
from markdown_it.token import Token

from rag.output.markdown.marks import Marks
from rag.output.safe_output import printable

_Rule = Callable[[StateInline, bool], bool]

_STYLES = {"em": "italic", "strong": "bold", "s": "strike"}
CODE, LINK, IMAGE = "cyan", "underline", "italic"

_ELEMENTS = (
    "a abbr address article aside audio b big blockquote body br button caption center cite code "
    "col colgroup dd del details dfn div dl dt em figcaption figure font footer form h1 h2 h3 h4 "
    "h5 h6 head header hr html i iframe img input ins kbd label li link main mark meta nav ol p "
    "picture pre q s samp section small source span strike strong sub summary sup svg table tbody "
    "td tfoot th thead title tr tt u ul var video"
).replace(" ", "|")
TAG = regex.compile(
    rf"</?(?:{_ELEMENTS})(?=[\s/>])[^<>]*>|<!--.*?-->", regex.IGNORECASE | regex.DOTALL
)
"""Tags of HTML, and comments. Other names between angle brackets, like `<PATH>`, are text."""

_BREAK = regex.compile(r"<br\b", regex.IGNORECASE)
_FOOTNOTE = regex.compile(r"\[\^[^\]\s]+\]")
DEFINITION = regex.compile(
    r"[ \t>]{0,4}\[(?!\^)(?P<label>[^\[\]]+)\]:[ \t]+<?\S+>?"
    r"(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*$",
    regex.MULTILINE,
)
_REFERENCE = regex.compile(r"(?<![\p{L}\p{N}_\])])\[(?P<text>[^\[\]]{2,})\]\[(?P<label>[^\[\]]*)\]")


class _Delimiter(NamedTuple):
    """A run of `*`, `_` or `~`, which is markup if its token has no text after the parse."""

    token: Token
    start: int
    end: int


class _Recorder:
    """Takes what the wrapped rules find, in offsets of the inline text.

    base: of the text that is being parsed in the inline text, for the label of an image
    """

    def __init__(self, marks: Marks, places: Sequence[int]) -> None:
        self._marks, self._places = marks, places
        self.base = 0
        self.delimiters: list[_Delimiter] = []

    def hide(self, start: int, end: int) -> None:
        for i in range(self.base + start, self.base + end):
            self._marks.shown[self._places[i]] = ""

    def replace(self, start: int, end: int, by: str) -> None:
        self.hide(start, end)
        self._marks.shown[self._places[self.base + start]] = printable(by)

    def style(self, start: int, end: int, name: str) -> None:
        places = self._places
        self._marks.style(places[self.base + start], places[self.base + end], name)

    def end(self) -> None:
        """Hide the delimiters that became markup, and style what is between them."""
        self.base, opened = 0, list[_Delimiter]()
        for delimiter in sorted(self.delimiters, key=lambda each: each.start):
            token = delimiter.token
            if not token.content:
                self.hide(delimiter.start, delimiter.end)
            if token.nesting > 0:
                opened.append(delimiter)
            elif token.nesting < 0 and opened:
                self.style(opened.pop().end, delimiter.start, _STYLES[token.tag])


def mark_inline(marks: Marks, content: str, places: Sequence[int]) -> None:
    """Mark the inline markup of a block's text.

    content: the text without the marks of its blocks
    places:  the offset of each of its characters in the whole text, and of its end
    """
    recorder = _Recorder(marks, places)
    env = {"recorder": recorder, "references": _references(marks.text)}
    PARSER.inline.parse(content, PARSER, env, [])
    recorder.end()


def _references(text: str) -> dict[str, dict[str, str]]:
    """Return an entry for each label that is defined in the text, or used as `[text][label]`.

    The definition may stand in another passage of the document.
    """
    labels = [match["label"] for match in DEFINITION.finditer(text)]
    labels += [match["label"] or match["text"] for match in _REFERENCE.finditer(text)]
    return {normalizeReference(label): {"href": "#", "title": ""} for label in labels}


def _recorder(state: StateInline) -> _Recorder:
    recorder = state.env["recorder"]
    assert isinstance(recorder, _Recorder)
    return recorder


def _wrapped(rule: _Rule, record: Callable[[_Recorder, StateInline, int], None]) -> _Rule:
    def run(state: StateInline, silent: bool) -> bool:
        start = state.pos
        matched = rule(state, silent)
        if matched and not silent:
            record(_recorder(state), state, start)
        return matched

    return run


def _delimiters(recorder: _Recorder, state: StateInline, start: int) -> None:
    end = state.pos
    for token in reversed(state.tokens):
        if end <= start or not token.content:
            break
        begin = end - len(token.content)
        recorder.delimiters.append(_Delimiter(token, recorder.base + begin, recorder.base + end))
        end = begin


def _code(recorder: _Recorder, state: StateInline, start: int) -> None:
    token = state.tokens[-1] if state.tokens else None
    if state.pending or token is None or token.type != "code_inline":
        return  # backticks without an end
    first, last = start + len(token.markup), state.pos - len(token.markup)
    is_padded = last - first - len(token.content) == 2
    recorder.hide(start, first + is_padded)
    recorder.hide(last - is_padded, state.pos)
    recorder.style(first + is_padded, last - is_padded, CODE)


def _special(recorder: _Recorder, state: StateInline, start: int) -> None:
    """An escaped character or an entity; also a line that ends with a backslash."""
    token = state.tokens[-1]
    if token.type == "hardbreak":
        recorder.hide(start, start + 1)
    elif token.content != token.markup:
        recorder.replace(start, state.pos, token.content)


def _label_end(state: StateInline, start: int) -> int:
    """Return the offset of the bracket that closes the one at `start`."""
    end: int = state.md.helpers.parseLinkLabel(state, start)
    return end


def _link(recorder: _Recorder, state: StateInline, start: int) -> None:
    end = _label_end(state, start)
    if not state.src[start + 1 : end].strip():
        return  # nothing would be left of it
    recorder.hide(start, start + 1)
    recorder.hide(end, state.pos)
    recorder.style(start + 1, end, LINK)


def _image(state: StateInline, silent: bool) -> bool:
    recorder, start = _recorder(state), state.pos
    if silent:
        return rules_inline.image(state, True)
    before = recorder.base
    recorder.base = before + start + 2
    try:
        matched = rules_inline.image(state, False)
    finally:
        recorder.base = before
    if matched:
        end = _label_end(state, start + 1)
        if end > start + 2:
            recorder.hide(start, start + 2)
            recorder.hide(end, state.pos)
            recorder.style(start + 2, end, IMAGE)
    return matched


def _autolink(recorder: _Recorder, state: StateInline, start: int) -> None:
    recorder.hide(start, start + 1)
    recorder.hide(state.pos - 1, state.pos)
    recorder.style(start + 1, state.pos - 1, LINK)


def _tag(recorder: _Recorder, state: StateInline, start: int) -> None:
    tag = state.src[start : state.pos]
    if TAG.fullmatch(tag):
        recorder.replace(start, state.pos, " " if _BREAK.match(tag) else "")


def _footnote(state: StateInline, silent: bool) -> bool:
    """`[^1]` is shown as `[1]`."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.append_pending(match.group())
        _recorder(state).hide(state.pos + 1, state.pos + 2)
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # A definition is recognised by DEFINITION: the parser would keep no place of it.
    parser.disable("reference")
    parser.core.ruler.enableOnly(["normalize", "block"])
    # It would give the text of delimiters to other tokens.
    parser.inline.ruler2.disable("fragments_join")
    rules = parser.inline.ruler
    rules.at("emphasis", _wrapped(emphasis.tokenize, _delimiters))
    rules.at("strikethrough", _wrapped(strikethrough.tokenize, _delimiters))
    rules.at("backticks", _wrapped(rules_inline.backtick, _code))
    rules.at("escape", _wrapped(rules_inline.escape, _special))
    rules.at("entity", _wrapped(rules_inline.entity, _special))
    rules.at("link", _wrapped(rules_inline.link, _link))
    rules.at("image", _image)
    rules.at("autolink", _wrapped(rules_inline.autolink, _autolink))
    rules.at("html_inline", _wrapped(rules_inline.html_inline, _tag))
    rules.before("link", "footnote", _footnote)
    return parser


PARSER = _parser()
