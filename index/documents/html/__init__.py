"""HTML: the parsed page, its main content, and the canonical text of it."""
