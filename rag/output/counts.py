"""Numbers of things, for people."""


def n_of(n: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one.

    >>> n_of(1, "document"), n_of(2000, "passage")
    ('1 document', '2,000 passages')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"
