"""Token budget: the first passages, complete, that fit in a reader's context together."""

from collections.abc import Callable, Sequence
from math import ceil

from index.protocols import Tokenizer
from rag.results import Passage

TokenCounter = Callable[[str], int]
"""Returns the number of tokens of a text."""


TOKENS_PER_WORD = 4 / 3
"""For English prose, used in a search without a model."""


def token_counter(tokenizer: Tokenizer | None) -> TokenCounter:
    """Return a counter that uses a model's tokenizer, without special tokens.

    Without a tokenizer, 3 words count as 4 tokens; words are separated by white space.

    >>> token_counter(None)("four words make six")
    6
    """
    if tokenizer is None:
        return lambda text: ceil(len(text.split()) * TOKENS_PER_WORD)
    return lambda text: len(tokenizer.offsets(text))


def n_within(sizes: Sequence[int], budget: int) -> int:
    """Return how many of the first passages fit a budget together. sizes: their token counts.

    It stops at the first passage that does not fit. Smaller passages after it would use more of the
    budget but are worse, and then a larger budget could return fewer passages.

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
    """Return the first passages that fit a budget together, and a reason if none fits.

    budget: in tokens; None for no limit.
    """
    if budget is None or not passages:
        return list(passages), None
    sizes = [count(passage.text) for passage in passages]
    n = n_within(sizes, budget)
    if n:
        return list(passages[:n]), None
    return [], f"The best passage has {sizes[0]:,} tokens; the token budget is {budget:,}."
