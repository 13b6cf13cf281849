"""The `rag` command: one module a command, and what prints its results."""
