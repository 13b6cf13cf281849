"""A budget of tokens: as many whole passages, best first, as a reader's context has room for."""

from collections.abc import Callable, Sequence
from math import ceil

from index.protocols import Tokenizer
from rag.results import Passage

TokenCounter = Callable[[str], int]
"""The number of tokens of a text."""


TOKENS_PER_WORD = 4 / 3
"""Of English prose, for a search without a model."""


def token_counter(tokenizer: Tokenizer | None) -> TokenCounter:
    """Counts by a model's own tokenizer, without special tokens. Without one, a text has 4 tokens
    for 3 words, which are what white space separates.

    >>> token_counter(None)("four words make six")
    6
    """
    if tokenizer is None:
        return lambda text: ceil(len(text.split()) * TOKENS_PER_WORD)
    return lambda text: len(tokenizer.offsets(text))


def n_within(sizes: Sequence[int], budget: int) -> int:
    """How many of the first passages fit a budget together; `sizes` are their tokens.

    It stops at the first that does not fit. To go on to smaller ones behind it would fill the
    budget further, but with worse passages, and a larger budget could then lose a passage.

    >>> n_within([30, 50, 40, 5], 100)
    2
    """
    total = 0
    for n, size in enumerate(sizes):
        total += size
        if total > budget:
            return n
    return len(sizes)


def within_budget(
    passages: Sequence[Passage], budget: int | None, count: TokenCounter
) -> tuple[list[Passage], str | None]:
    """The first passages that fit a budget together, and the reason if not even one does.

    Without a budget all of them fit.
    """
    if budget is None or not passages:
        return list(passages), None
    sizes = [count(passage.text) for passage in passages]
    n = n_within(sizes, budget)
    if n:
        return list(passages[:n]), None
    return [], f"The best passage has {sizes[0]:,} tokens; the token budget is {budget:,}."
