"""Check, repair, back up and restore an index."""
