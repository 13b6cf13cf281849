"""Models: where they lie, how they are compiled and verified, and what they make of texts."""
