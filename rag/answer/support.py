"""Checks that reject a unit as an answer, even if the model finds it similar to the question."""

import regex

from index.words.analyze import is_unspaced, terms_of
from rag.answer.best_unit import BestUnit
from rag.answer.order import says_reverse
from rag.search.exact_terms import exact_terms
from rag.search.question import Question

_UNRELATED, _SAME = 0.2, 0.8
"""Cosines of a question word with the nearest word of a unit. At or below the first value the match
is 0; at or above the second it is 1; between them it is linear. Two unrelated words of one text
have 0.2 to 0.4, because they occur in similar sentences."""

MOST_UNMET = 0.6
"""The maximum idf-weighted share of a question's words without a match in the unit. On the data of
the calibration, 0.38 rejects more correct units than wrong ones (eval/LOG.md)."""

_ASKING_WORDS = frozenset(
    terms_of(
        "much many kind sort type name named call called mean means meaning happen happens tell "
        "explain describe define list give show say exactly please does use used"
    )
)
"""Words that state the kind of answer, not its topic."""

_INTERROGATIVES = frozenset(
    terms_of(
        "wer wen wem wessen wann wo wohin woher warum wieso weshalb welche welcher welches welchen "
        "welchem wie wieviel wat wanneer waar waarom welke hoeveel qui que quoi quand où pourquoi "
        "combien quel quelle quels quelles quién quiénes cuándo dónde cómo cuál cuáles cuánto "
        "cuánta cuántos cuántas chi cosa quando perché quale quali quanto quanta quanti quante "
        "quem onde qual quais como"
    )
)
"""Question words of German, Dutch, French, Spanish, Italian and Portuguese. Those of English are
function words, which are no terms."""

# Pairs of patterns: if the question matches the first, the unit must match the second. For example,
# a unit that only states what came later does not answer a question about what came before.
_RELATIONS = tuple(
    (regex.compile(asked, regex.I), regex.compile(said, regex.I))
    for asked, said in (
        (
            r"\b(?:before|prior to|until|predecess\w+|precede[ds]?)\b",
            r"\b(?:before|prior|until|till|predecess\w*|preced\w+|previous\w*|former\w*|earlier"
            r"|ago|successor|succeed\w*|succession|took over|replac\w+|follow\w+|inherit\w*)\b",
        ),
        (
            r"\bwithout\b",
            r"\b(?:without|no|not|never|lack\w*|absen\w+|un\w{4,}|instead)\b|n['’]t\b",
        ),
        (r"\bexcept\b", r"\b(?:except\w*|but|other than|apart from|unless|save|exclud\w+|not)\b"),
    )
)
_QUANTITY = regex.compile(r"\bhow (?:many|much|old|far|tall|high|wide|heavy|often)\b", regex.I)
_SAYS_QUANTITY = regex.compile(
    r"\p{N}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty"
    r"|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?"
    r"|dozens?|half|third|quarter|twice|once|double|single|a|an|no|none|nothing|all|every|each|both"
    r"|any|many|much|few|several|most|some|daily|weekly|monthly|yearly|annually|hourly|always"
    r"|never|free|unlimited|percent|pair|couple|only)\b",
    regex.I,
)


_WHEN = regex.compile(r"^\W*(?:since |until |by )?(?:when|(?:in )?(?:what|which) year)\b", regex.I)
_SAYS_TIME = regex.compile(
    r"\p{N}|\b(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December|\w+day|days?|weeks?|months?|years?|hours?|minutes?|seconds?|century|decades?"
    r"|morning|noon|midday|afternoon|evening|night|midnight|spring|summer|autumn|fall|winter|today"
    r"|now|always|never|immediately|soon|in|at|on|after|before|during|since|until|till|by|once"
    r"|while|when|whenever|if|unless|as|every|where|from|within|for|daily|weekly|one|two|three"
    r"|four|five|six|seven|eight|nine|ten|eleven|twelve)\b",
    regex.I,
)


def unmet_share(question: Question, best: BestUnit) -> float:
    """Return the idf-weighted share of the question's words without a match, in [0, 1].

    A match is in the unit, its context or the document's title.
    """
    total = unmet = 0.0
    for term, idf in question.idf.items():
        if term in _ASKING_WORDS:
            continue
        total += idf
        if term not in best.terms:
            unmet += idf * (1 - _likeness(best, term))
    return unmet / total if total else 0.0


def _likeness(best: BestUnit, term: str) -> float:
    """Return how similar the nearest word of the unit is to a missing term, in [0, 1]."""
    token_matches, matched = best.token_matches, best.choice.matched
    cosines = [matched[i] for i, each in enumerate(token_matches.terms) if each == term]
    if not cosines or not token_matches.has_tokens:
        return 0.0
    mean = float(sum(cosines)) / len(cosines)
    return min(max((mean - _UNRELATED) / (_SAME - _UNRELATED), 0.0), 1.0)


def lacks_relation(question: Question, best: BestUnit) -> bool:
    """Return whether the question has "before", "without", "except" or a similar word, and the unit
    has no such relation, or the reverse of it."""
    if says_reverse(question.text, best.quote):
        return True
    return any(
        asks.search(question.text) and not says.search(best.text) for asks, says in _RELATIONS
    )


def lacks_quantity(question: Question, best: BestUnit) -> bool:
    """Return whether the question asks for a number or an amount and the unit has none."""
    return _QUANTITY.search(question.text) is not None and _SAYS_QUANTITY.search(best.quote) is None


def lacks_time(question: Question, best: BestUnit) -> bool:
    """Return whether the question asks when and the unit states no time."""
    return _WHEN.search(question.text) is not None and _SAYS_TIME.search(best.quote) is None


def names_identifier(question: Question, best: BestUnit) -> bool:
    """Return whether the question has an identifier or quotation and the unit lacks no exact term.

    Such a match is stronger evidence than the question's other words.
    """
    kinds = {term.kind for term in exact_terms(question.text)}
    return bool(kinds & {"identifier", "quoted"}) and not best.choice.missing


def is_supported(question: Question, best: BestUnit) -> bool:
    """Return whether the unit passes all checks.

    It must have every exact term of the question, and the relation, quantity or time that the
    question asks for. Unless it has a named identifier, enough of the other words must match.
    """
    if _lacks_something(question, best):
        return False
    if names_identifier(question, best):
        return True
    # Sentence vectors alone cannot distinguish a missing word from a paraphrase.
    return not best.token_matches.has_tokens or unmet_share(question, best) <= MOST_UNMET


def is_supported_by_words(question: Question, best: BestUnit) -> bool:
    """Return whether the unit passes all checks and has every word, if only words are evidence."""
    return has_every_word(question, best) and not _lacks_something(question, best)


def _lacks_something(question: Question, best: BestUnit) -> bool:
    return (
        bool(best.choice.missing)
        or lacks_relation(question, best)
        or lacks_quantity(question, best)
        or lacks_time(question, best)
    )


def has_every_word(question: Question, best: BestUnit) -> bool:
    """Return whether the unit has every content word of the question, which has at least one.

    A word may also be in the unit's context or the document's title, and in another inflection that
    has the same stem. Function words, question words and words that state the kind of answer are
    not content words. In a script without spaces these cannot be told from others; there, half of
    the pairs of characters are enough.
    """
    content = question.idf.keys() - _ASKING_WORDS - _INTERROGATIVES
    pairs = {term for term in content if is_unspaced(term)}
    if not content or not content - pairs <= best.terms:
        return False
    return 2 * len(pairs & best.terms) >= len(pairs)
