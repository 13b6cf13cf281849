"""Plain text. Headings are recognised by their length, case and underlines."""

from index.documents.blocks import Blocks
from index.documents.loader import Content
from index.documents.structure import plain_blocks, title_line
from index.documents.text_loader import TextLoader

_LONGEST_TITLE = 200


class PlainTextLoader(TextLoader):
    """Loads plain text. The title is the heading at the start of the text, if there is one."""

    def blocks_in(self, text: str) -> Blocks:
        return plain_blocks(text)

    def heading_text(self, raw: str) -> str:
        return title_line(raw)

    def title(self, content: Content) -> str | None:
        if content.blocks[0].kind != "heading":
            return None
        return content.headings[0].text[:_LONGEST_TITLE]
