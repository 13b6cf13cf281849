"""What speaks against a unit as an answer, however alike question and unit are to the model."""

import regex

from index.words.analyze import distinct_terms, terms_of
from rag.answer.best_unit import BestUnit
from rag.answer.exact_terms import exact_terms
from rag.search.question import Question

_UNRELATED, _SAME = 0.2, 0.8
"""Cosines of a word of the question with the nearest word of a unit. At or below the first, the
word is not matched; at or above the second, it is. Two words of one text that have nothing in
common have .2 to .4, because both stand in similar sentences."""

MOST_UNMET = 0.6
"""The greatest share of a question's words, weighted by idf, that nothing in the unit may meet. On
the sets that the calibration is fitted on, 0.38 declines more right units than wrong ones
(eval/LOG.md)."""

_ASKING_WORDS = frozenset(
    terms_of(
        "much many kind sort type name named call called mean means meaning happen happens tell "
        "explain describe define list give show say exactly please does use used"
    )
)
"""Words that say what kind of answer is wanted rather than what it is about."""

# A question of what came before something is not answered by what came since.
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


def text_of(best: BestUnit) -> str:
    """A unit with what it hangs under, and its document's title."""
    document, unit = best.token_matches.document, best.choice.unit
    spans = (*unit.spans, *unit.context)
    return "\n".join([document.title, *(span.of(document.text) for span in spans)])


def quote_of(best: BestUnit) -> str:
    """A unit's own text."""
    text = best.token_matches.document.text
    return "\n".join(span.of(text) for span in best.choice.unit.spans)


def unmet_share(question: Question, best: BestUnit) -> float:
    """The share of the question's words, weighted by idf, that nothing in the unit or in what it
    hangs under meets, in [0, 1]."""
    held = distinct_terms(text_of(best))
    total = unmet = 0.0
    for term, idf in question.idf.items():
        if term in _ASKING_WORDS:
            continue
        total += idf
        if term not in held:
            unmet += idf * (1 - _likeness(best, term))
    return unmet / total if total else 0.0


def _likeness(best: BestUnit, term: str) -> float:
    """How near the nearest word of the unit is to one that it lacks, in [0, 1]."""
    token_matches, matched = best.token_matches, best.choice.matched
    cosines = [matched[i] for i, each in enumerate(token_matches.terms) if each == term]
    if not cosines or not token_matches.has_tokens:
        return 0.0
    mean = float(sum(cosines)) / len(cosines)
    return min(max((mean - _UNRELATED) / (_SAME - _UNRELATED), 0.0), 1.0)


def lacks_relation(question: Question, best: BestUnit) -> bool:
    """Whether the question asks for what came before, without or except something, and the unit
    says nothing of the kind."""
    said = text_of(best)
    return any(asks.search(question.text) and not says.search(said) for asks, says in _RELATIONS)


def lacks_quantity(question: Question, best: BestUnit) -> bool:
    """Whether a number or an amount is asked for and the unit has none."""
    return (
        _QUANTITY.search(question.text) is not None
        and _SAYS_QUANTITY.search(quote_of(best)) is None
    )


def lacks_time(question: Question, best: BestUnit) -> bool:
    """Whether it is asked when, and the unit says nothing of a time."""
    return _WHEN.search(question.text) is not None and _SAYS_TIME.search(quote_of(best)) is None


def names_identifier(question: Question, best: BestUnit) -> bool:
    """Whether the question names an identifier that the unit has: that says more than its other
    words do."""
    kinds = {term.kind for term in exact_terms(question.text)}
    return bool(kinds & {"identifier", "quoted"}) and not best.choice.missing


def is_supported(question: Question, best: BestUnit) -> bool:
    """Whether nothing speaks against the unit: it has every exact thing that is asked for, and what
    else is asked for is matched."""
    if best.choice.missing or lacks_relation(question, best) or lacks_quantity(question, best):
        return False
    if lacks_time(question, best):
        return False
    if names_identifier(question, best):
        return True
    # With sentence vectors alone, nothing tells a word that is missing from one that is put
    # otherwise.
    tells = best.token_matches.has_tokens or question.by_words_alone
    return not tells or unmet_share(question, best) <= MOST_UNMET
