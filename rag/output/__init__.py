"""Output to a terminal: escaped text, standard streams, and progress."""
