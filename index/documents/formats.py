"""The formats that can be read: what a file's name says of them."""

PLAIN_TEXT = "text/plain"
MARKDOWN = "text/markdown"

MEDIA_TYPES = {
    ".txt": PLAIN_TEXT,
    ".text": PLAIN_TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
}
"""The media type of each file name extension, in lower case."""
