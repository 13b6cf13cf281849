"""An index brought in step with files, one writer at a time."""
