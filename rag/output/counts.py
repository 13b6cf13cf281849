"""Counts with their nouns."""


def n_of(n: int, noun: str) -> str:
    """Return a number and its noun, in the plural unless the number is 1.

    >>> n_of(1, "document"), n_of(2000, "passage")
    ('1 document', '2,000 passages')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"
