"""Update an index from files, with one writer at a time."""
