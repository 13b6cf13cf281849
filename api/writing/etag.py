"""ETags of documents, and the conditions of requests that refer to them (RFC 9110, 13.1)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from starlette.datastructures import Headers

from index.errors import BadInput, PreconditionFailed
from index.types import DocumentRecord

_TAGS = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG = re.compile(r'(W/)?("[^"]*")')
_ANY = "*"


def etag_of(record: DocumentRecord) -> str:
    """Return the strong ETag of a document, quoted.

    It changes with the text, the metadata and every other field that the service shows.
    """
    fields = (
        record.sha256,
        record.source,
        record.title,
        record.media_type,
        record.n_chunks,
        sorted(record.metadata.items()),
    )
    return f'"{sha256(json.dumps(fields).encode()).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Condition:
    """The values of `If-Match` or `If-None-Match`: ETags as sent, or `*`."""

    tags: tuple[str, ...]

    @classmethod
    def of(cls, headers: Headers, name: str) -> "Condition | None":
        """Return the condition of a header; None without it. Raises BadInput."""
        text = ", ".join(headers.getlist(name)).strip()
        if not text:
            return None
        if text == _ANY:
            return cls((_ANY,))
        if _TAGS.fullmatch(text) is None:
            raise BadInput(
                f'{name}: {text[:100]!r} is not an ETag; send one as received, in quotes: "…", or *'
            )
        return cls(tuple(f"{weak}{tag}" for weak, tag in _TAG.findall(text)))

    def matches(self, record: DocumentRecord | None, *, weakly: bool = False) -> bool:
        """Whether the document exists with one of the ETags. Weak ones match only `weakly`."""
        if record is None:
            return False
        tags: Iterable[str] = self.tags
        if weakly:
            tags = (tag.removeprefix("W/") for tag in tags)
        return self.tags == (_ANY,) or etag_of(record) in tags


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditions of a request that changes a document."""

    if_match: Condition | None = None
    if_none_match: Condition | None = None

    @classmethod
    def of(cls, headers: Headers) -> "Preconditions":
        """Return the conditions in a request's headers. Raises BadInput."""
        return cls(Condition.of(headers, "If-Match"), Condition.of(headers, "If-None-Match"))

    def check(self, record: DocumentRecord | None) -> None:
        """Raise PreconditionFailed unless the present document, or None, meets the conditions."""
        if self.if_match is not None and not self.if_match.matches(record):
            if record is None:
                raise PreconditionFailed("there is no such document; If-Match requires one")
            raise PreconditionFailed(
                f"the document has changed: its ETag is {etag_of(record)} now; GET it, and send "
                "the change again"
            )
        if self.if_none_match is not None and self.if_none_match.matches(record, weakly=True):
            raise PreconditionFailed(
                "there is such a document, and If-None-Match forbids to replace it; leave the "
                "header out to replace it"
            )
