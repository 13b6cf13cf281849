"""Markdown: CommonMark with tables, and front matter."""

from dataclasses import replace

from index.documents.blocks import Blocks
from index.documents.front_matter import front_matter
from index.documents.loader import Content
from index.documents.markdown import heading_text, markdown_blocks
from index.documents.text_loader import TextLoader


class MarkdownLoader(TextLoader):
    """Loads Markdown. The title is that of the front matter, else the first heading of level 1."""

    def parse(self, text: str) -> Content:
        content, properties = super().parse(text), dict(front_matter(text))
        title = properties.pop("title", None) or content.title
        return replace(content, title=title, metadata=properties)

    def blocks_in(self, text: str) -> Blocks:
        return markdown_blocks(text)

    def heading_text(self, raw: str) -> str:
        return heading_text(raw)

    def title(self, content: Content) -> str | None:
        return next((heading.text for heading in content.headings if heading.level == 1), None)
