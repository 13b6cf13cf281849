"""Patterns of names match what fnmatchcase matches, one by one."""

import random
from fnmatch import fnmatchcase

from rag.name_patterns import NamePatterns


def test_patterns_together_match_what_fnmatchcase_matches_for_one_of_them() -> None:
    chance = random.Random(7)
    n_matches = 0
    for _ in range(5000):
        patterns = ["".join(chance.choices("ab/*?[!]-.^\n", k=chance.randint(1, 6))) for _ in "123"]
        name = "".join(chance.choices("ab/-!].^\n[*", k=chance.randint(0, 5)))
        expected = any(name == p or fnmatchcase(name, p) for p in patterns)
        assert NamePatterns(patterns).match(name) == expected, (patterns, name)
        n_matches += expected
    assert 100 < n_matches < 4900


def test_a_pattern_of_many_stars_ends_on_a_long_name() -> None:
    assert not NamePatterns(["*a" * 200 + "*b"]).match("a" * 5000)
