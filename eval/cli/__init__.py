"""The `rag eval` command: one module for each subcommand."""
