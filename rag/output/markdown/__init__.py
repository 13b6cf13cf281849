"""Markdown for a terminal: without its markup, and with a place for each character."""
