"""Questions and texts that a reader is compared with transformers' own pipeline on."""

import random

from reader_facts import exercise

_SEED = 11


def reader_cases() -> list[tuple[str, str]]:
    """Return pairs of a question and a text: answered and not, short, long and odd."""
    chance = random.Random(_SEED)
    cases = []
    for number in range(40):
        made = exercise(chance, 1 + number % 6, answerable=number % 3 > 0)
        cases.append((made.question, made.passage))
    for n_facts in (15, 30, 60):  # several windows
        for answerable in (True, False):
            made = exercise(chance, n_facts, answerable)
            cases.append((made.question, made.passage))
    made = exercise(chance, 3, answerable=True)
    return [
        *cases,
        (
            "Who is the mayor?",
            "👩‍👩‍👧 Café — 漢字: the mayor is Änna Bröwn. Ünïcödé!",
        ),
        ("Who is the mayor?", "\n\n  the mayor\t\n   is  Anna-Maria O'Brown.\n"),
        (
            "Who is the mayor?",
            "The mayor, e.g. in 1984 (3,200 m²), is Anna Brown.",
        ),
        ("?", made.passage),
        (f"{made.question} " * 3, made.passage),
        (made.question, "Paris"),
    ]
