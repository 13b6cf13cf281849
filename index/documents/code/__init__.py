"""Source code: its definitions, comments and statements."""
