"""A question to cited passages: settings, retrieval, highlights, citations, command line."""
