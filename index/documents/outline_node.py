"""The nodes of an outline: the parts of a section, each with its children."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from index.types import Span

NodeKind = Literal["root", "paragraph", "question", "lead", "item", "table", "row", "code", "line"]


@dataclass(slots=True, eq=False)
class Node:
    """A part of a section.

    head: its own text: of an item, a lead-in, a question, or a table's header; all of a leaf
    span: its text with all children
    """

    kind: NodeKind
    head: Span
    span: Span
    parent: "Node | None" = None
    children: "list[Node]" = field(default_factory=list)
    indent: int = 0

    def add(self, child: "Node") -> "Node":
        child.parent = self
        self.children.append(child)
        node: Node | None = self
        while node is not None and node.span.end < child.span.end:
            node.span = Span(node.span.start, child.span.end)
            node = node.parent
        return child

    def at(self, offset: int) -> "Node":
        """Return the innermost node that contains an offset, or this node."""
        for child in self.children:
            if child.span.start <= offset < child.span.end:
                return child.at(offset)
        return self

    @property
    def above(self) -> "Iterator[Node]":
        """Yield the ancestors, innermost first, without the root."""
        node = self.parent
        while node is not None and node.kind != "root":
            yield node
            node = node.parent
