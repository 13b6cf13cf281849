"""Generated facts, questions and passages that a small reader is trained and tested on.

A passage is a few sentences, one fact each. A question asks for one fact, which the passage may
lack: then it has only facts about other subjects.
"""

import random
from dataclasses import dataclass

NAMES = (
    "anna ben carl david emma frank george helen ivan jack kate laura mary nina oliver paul rose "
    "sam tom victor walter alice peter lucy henry martha simon clara hugo edward"
).split()
FAMILIES = (
    "smith brown miller baker cooper fisher taylor hunter marsh stone wood hill lake ford king "
    "young gray white black green price ward cook bell cole reed shaw wells fox"
).split()
ROLES = "mayor director owner judge teacher captain doctor architect editor treasurer".split()
THINGS = "bridge tower school library station garden market theater hospital museum".split()
FILLERS = (
    "The weather was cold that year.",
    "Nobody knew why.",
    "It was said in the report.",
    "Many people came to see it.",
    "The road is long and narrow.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """subject: identifies the fact. sentence: with one `{}` for the value."""

    subject: str
    question: str
    sentence: str
    value: str

    @property
    def text(self) -> str:
        return self.sentence.format(self.value)


@dataclass(frozen=True, slots=True)
class Exercise:
    """A question, a passage, and the offsets of the answer in it; None if it has none."""

    question: str
    passage: str
    answer: tuple[int, int] | None


def fact(chance: random.Random) -> Fact:
    """Return a fact: who has a role, or when something was built."""
    if chance.random() < 0.5:
        role = chance.choice(ROLES)
        name = f"{chance.choice(NAMES).title()} {chance.choice(FAMILIES).title()}"
        return Fact(role, f"Who is the {role}?", f"The {role} is {{}}.", name)
    thing = chance.choice(THINGS)
    year = str(chance.randint(1200, 2020))
    return Fact(thing, f"When was the {thing} built?", f"The {thing} was built in {{}}.", year)


def exercise(chance: random.Random, n_facts: int, answerable: bool) -> Exercise:
    """Return a question with a passage of about n_facts sentences."""
    asked = fact(chance)
    facts = [asked] if answerable else []
    while len(facts) < n_facts:
        other = fact(chance)
        if other.subject != asked.subject:
            facts.append(other)
    chance.shuffle(facts)
    sentences, answer = [], None
    for each in facts:
        if chance.random() < 0.3:
            sentences.append(chance.choice(FILLERS))
        sentences.append(each.text)
        if each is asked:
            start = len(" ".join(sentences)) - len(each.text) + each.sentence.index("{}")
            answer = (start, start + len(each.value))
    return Exercise(asked.question, " ".join(sentences), answer)
