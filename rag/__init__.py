"""Search and answers with citations: settings, retrieval, answers, and the command line."""
