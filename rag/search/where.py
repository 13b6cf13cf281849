"""Parse conditions on documents: `date >= 2025 and tags in (aid, Kabul) and not author = "Ann"`."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, cast

import regex

from index.conditions import AllOf, AnyOf, Comparison, Condition, Exists, NotThat, Operator
from index.errors import BadQuery

MAX_CHARACTERS = 2000
_MOST_PARTS = 200

_TOKEN = regex.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>!=|<=|>=|[=<>(),])"""
    r"""|(?P<word>[^\s"'()=<>!,]+))""",
    regex.DOTALL,
)
_FIELD = regex.compile(r"[^\W\d][\w.-]*")
_ALIASES = {"tag": "tags"}
_EXAMPLE = 'write it like `date >= 2025 and tags in (aid, "Kabul")`'


class _Token(NamedTuple):
    """kind: `text`, `sign`, `word` or `end`. text: without quotation marks."""

    kind: str
    text: str
    start: int

    def says(self, *words: str) -> bool:
        """Return whether this is one of these words or signs, in any case."""
        return self.kind != "text" and self.text.lower() in words


@lru_cache(maxsize=256)
def parse_where(text: str) -> Condition:
    """Return the condition that a text writes.

    Comparisons are `field = value`, `!=`, `<`, `<=`, `>`, `>=`, `field in (a, b)`,
    `field starts with value` and `field exists`. They are joined by `and`, `or`, `not` and
    brackets; `and` binds more than `or`. A value needs quotation marks if it has a space or one of
    `()=<>!,"'`.

    Raises BadQuery that says where the text is wrong.
    """
    if "\0" in text or not _is_unicode(text):
        raise BadQuery("a condition must be valid Unicode without NUL")
    if len(text) > MAX_CHARACTERS:
        raise BadQuery(f"a condition has at most {MAX_CHARACTERS:,} characters")
    parser = _Parser(_tokens(text))
    condition = parser.any_of()
    parser.expect_end()
    return condition


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadQuery(f"the condition has a quotation mark that is not closed; {_EXAMPLE}")
        kind = cast(str, found.lastgroup)
        value = found.group(kind)
        if kind == "text":
            value = regex.sub(r"\\(.)", r"\1", value[1:-1], flags=regex.DOTALL)
        tokens.append(_Token(kind, value, found.start(kind)))
        at = found.end()
    return [*tokens, _Token("end", "the end", len(text))]


class _Parser:
    """Takes the tokens one by one; a method for each rule of the grammar."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._n_open = 0

    def any_of(self) -> Condition:
        parts = [self._all_of()]
        while self._took("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._error("`and`, `or` or the end")

    def _all_of(self) -> Condition:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self) -> Condition:
        self._n_open += 1
        if self._n_open > _MOST_PARTS:
            raise BadQuery(f"a condition has at most {_MOST_PARTS} parts")
        if self._took("not"):
            return NotThat(self._one())
        if self._took("("):
            inner = self.any_of()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        token = self._take()
        if token.kind != "word" or _FIELD.fullmatch(token.text) is None:
            raise self._error("the name of a field, such as `date`", token)
        field = _ALIASES.get(token.text.lower(), token.text)
        if self._took("exists"):
            return Exists(field)
        if self._took("in"):
            return AnyOf(tuple(Comparison(field, "=", value) for value in self._values()))
        if self._took("starts"):
            self._expect("with")
            return Comparison(field, "starts with", self._value())
        if self._took("!="):
            return NotThat(Comparison(field, "=", self._value()))
        sign = self._take()
        if not sign.says("=", "<", "<=", ">", ">="):
            raise self._error(
                "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `starts with` or `exists`", sign
            )
        return Comparison(field, cast(Operator, sign.text), self._value())

    def _values(self) -> list[str]:
        self._expect("(")
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> str:
        token = self._take()
        if token.kind not in ("text", "word"):
            raise self._error("a value", token)
        return token.text

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _took(self, word: str) -> bool:
        if not self._next.says(word):
            return False
        self._take()
        return True

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise self._error(f"`{word}`")

    def _error(self, wanted: str, token: _Token | None = None) -> BadQuery:
        token = token or self._next
        return BadQuery(
            f"the condition has {token.text!r} at character {token.start + 1}, where {wanted} "
            f"should be; {_EXAMPLE}"
        )
