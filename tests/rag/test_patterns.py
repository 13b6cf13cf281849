"""Combined patterns match the same names as fnmatchcase, pattern by pattern."""

import random
from fnmatch import fnmatchcase

from rag.name_patterns import NamePatterns


def test_combined_patterns_match_the_names_that_fnmatchcase_matches() -> None:
    chance = random.Random(7)
    n_matches = 0
    for _ in range(5000):
        patterns = ["".join(chance.choices("ab/*?[!]-.^\n", k=chance.randint(1, 6))) for _ in "123"]
        name = "".join(chance.choices("ab/-!].^\n[*", k=chance.randint(0, 5)))
        expected = any(name == p or fnmatchcase(name, p) for p in patterns)
        assert NamePatterns(patterns).match(name) == expected, (patterns, name)
        n_matches += expected
    assert 100 < n_matches < 4900


def test_a_pattern_with_many_stars_ends_on_a_long_name() -> None:
    assert not NamePatterns(["*a" * 200 + "*b"]).match("a" * 5000)
