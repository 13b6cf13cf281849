"""What reaches a terminal: safe text, streams, progress."""
