"""Markdown: CommonMark with tables, and front matter."""

from index.documents.blocks import Blocks
from index.documents.loader import Content
from index.documents.markdown import front_matter_title, heading_text, markdown_blocks
from index.documents.text_loader import TextLoader


class MarkdownLoader(TextLoader):
    """Loads Markdown. The title is that of the front matter, else the first heading of level 1."""

    def blocks_in(self, text: str) -> Blocks:
        return markdown_blocks(text)

    def heading_text(self, raw: str) -> str:
        return heading_text(raw)

    def title(self, content: Content) -> str | None:
        top = next((heading.text for heading in content.headings if heading.level == 1), None)
        return front_matter_title(content.text) or top
