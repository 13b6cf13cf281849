"""A question to cited passages: settings, retrieval, highlights, citations, and the command line."""
