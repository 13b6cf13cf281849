"""`rag eval`: one module a command."""
