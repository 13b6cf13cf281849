"""A quote is valid, moved, changed or gone, as the edit of its document implies."""

from hashlib import sha256

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from index.documents.load import document_of
from index.types import Document, Span
from rag.verify.check_quote import check_quote
from rag.verify.nearest import min_similarity, nearest
from rag.verify.occurrences import best_occurrence
from rag.verify.verdict import CitedQuote

BEFORE = "The mill stands above the village.\n\n"
QUOTE = "The river Aare is 288 km long and rises in the Bernese Alps."
AFTER = "\n\nIts water drives twelve turbines.\n"
TEXT = BEFORE + QUOTE + AFTER
START = len(BEFORE)


def document(text: str) -> Document:
    return document_of(text, "river.txt", media_type="text/plain", name="river")


def cite_span(text: str, start: int, end: int) -> CitedQuote:
    return CitedQuote(
        doc_id="river.txt",
        start=start,
        end=end,
        quote=text[start:end],
        prefix=text[max(0, start - 32) : start],
        suffix=text[end : end + 32],
        sha256=document(text).sha256,
    )


CITED = cite_span(TEXT, START, START + len(QUOTE))
# None of these characters is in QUOTE, so that no edit makes another occurrence of it.
OTHER_TEXT = st.text("xyz \n", min_size=1, max_size=200).filter(str.strip)


def test_a_quote_in_an_unchanged_document_is_valid() -> None:
    verdict = check_quote(CITED, document(TEXT))
    assert (verdict.status, verdict.start, verdict.end) == ("valid", START, START + len(QUOTE))
    assert (verdict.line_start, verdict.line_end) == (3, 3)
    assert (verdict.document_changed, verdict.text, verdict.similarity) == (False, None, None)


def test_a_quote_without_a_document_is_gone() -> None:
    verdict = check_quote(CITED, None)
    assert (verdict.status, verdict.start, verdict.document_changed) == ("gone", None, None)


@given(OTHER_TEXT)
def test_an_edit_after_the_quote_leaves_it_valid(added: str) -> None:
    verdict = check_quote(CITED, document(TEXT + added))
    assert (verdict.status, verdict.start, verdict.document_changed) == ("valid", START, True)


@given(OTHER_TEXT)
def test_a_text_inserted_before_the_quote_moves_it_by_its_length(added: str) -> None:
    verdict = check_quote(CITED, document(added + TEXT))
    assert (verdict.status, verdict.document_changed) == ("moved", True)
    assert verdict.start == START + len(added)
    assert verdict.end == START + len(added) + len(QUOTE)
    assert verdict.line_start == 3 + added.count("\n")


@given(st.integers(1, START))
def test_a_text_deleted_before_the_quote_moves_it_back_by_its_length(n: int) -> None:
    verdict = check_quote(CITED, document(TEXT[n:]))
    assert (verdict.status, verdict.start) == ("moved", START - n)


@given(OTHER_TEXT)
def test_a_paragraph_moved_to_the_end_is_found_there(between: str) -> None:
    new = BEFORE + AFTER + between + QUOTE
    verdict = check_quote(CITED, document(new))
    assert (verdict.status, verdict.start) == ("moved", len(new) - len(QUOTE))


@given(st.integers(1, len(QUOTE) - 2), st.text("xyz", min_size=0, max_size=10), st.integers(0, 10))
@example(10, " mostly", 0)
@example(10, "", 8)
def test_a_quote_edited_inside_is_changed_with_the_edited_text(
    at: int, added: str, n_deleted: int
) -> None:
    end = min(at + n_deleted, len(QUOTE) - 1)
    edited = QUOTE[:at] + added + QUOTE[end:]
    assume(edited != QUOTE)
    verdict = check_quote(CITED, document(BEFORE + edited + AFTER))
    assert verdict.status == "changed"
    assert verdict.start is not None
    assert verdict.text is not None
    assert verdict.text == (BEFORE + edited + AFTER)[verdict.start : verdict.end]
    # What was left of the quote is at least this much of both texts.
    n_left = at + len(QUOTE) - end
    assert verdict.similarity is not None
    assert verdict.similarity >= 2 * n_left / (len(QUOTE) + len(edited)) - 1e-9


def test_the_changed_text_is_whole_after_a_word_in_it_was_replaced() -> None:
    edited = QUOTE.replace("288", "about 292")
    moved = AFTER + BEFORE * 40 + edited + AFTER
    verdict = check_quote(CITED, document(moved))
    assert (verdict.status, verdict.text) == ("changed", edited)
    assert verdict.start == len(AFTER + BEFORE * 40)
    # By hand: all but 2 of 60 characters of the quote are left ("288" and "about 292" share "2"),
    # and the edited one has 66. 2 * 58 / (60 + 66).
    assert verdict.similarity == pytest.approx(116 / 126)


@pytest.mark.parametrize(
    "text", [BEFORE + AFTER, "x", "Entirely other words, about bread, salt and taxes. " * 50]
)
def test_a_deleted_quote_is_gone(text: str) -> None:
    verdict = check_quote(CITED, document(text))
    assert (verdict.status, verdict.start, verdict.text) == ("gone", None, None)
    assert verdict.document_changed


def test_a_rewrapped_quote_is_changed_and_very_similar() -> None:
    verdict = check_quote(CITED, document(TEXT.replace("long and", "long\nand")))
    assert verdict.status == "changed"
    assert verdict.similarity == pytest.approx((len(QUOTE) - 1) / len(QUOTE))


@given(st.text("ab", max_size=40), st.text("ab", min_size=1, max_size=3), st.data())
def test_the_best_occurrence_is_that_of_a_comparison_of_all(
    text: str, quote: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, 45))
    prefix, suffix = data.draw(st.text("ab", max_size=3)), data.draw(st.text("ab", max_size=3))

    def agreement(at: int) -> int:
        before, after = text[:at], text[at + len(quote) :]
        n_before = max(n for n in range(len(prefix) + 1) if before.endswith(prefix[-n or 9 :]))
        n_after = max(n for n in range(len(suffix) + 1) if after.startswith(suffix[:n]))
        return n_before + n_after

    places = [at for at in range(len(text)) if text.startswith(quote, at)]
    found = best_occurrence(text, quote, start, prefix, suffix)
    if not places:
        assert found is None
        return
    assert found is not None
    best = max((agreement(at), -abs(at - start)) for at in places)
    assert (agreement(found.start), -abs(found.start - start)) == best
    assert found.of(text) == quote


def test_a_repeated_quote_is_found_by_its_surroundings_and_then_by_distance() -> None:
    lines = [f"Turbine {n} runs.\n" for n in range(10)]
    text = "".join(lines)
    at = text.index("runs", text.index("7"))
    moved = best_occurrence(text, "runs", 0, "Turbine 7 ", ".\n")
    assert moved == Span(at, at + 4)
    nearest_one = best_occurrence(text, "runs", at + 3, "", "")
    assert nearest_one == Span(at, at + 4)


def test_the_nearest_of_very_many_occurrences_is_found() -> None:
    assert best_occurrence("a" * 100_000, "a" * 5000, 50_000, "", "") == Span(50_000, 55_000)
    lines = "Yes.\n" * 500_000
    assert best_occurrence(lines, "Yes", 1_500_001, "", "") == Span(1_500_000, 1_500_003)
    marked = lines[:2_000_000] + "Noon: " + lines[2_000_000:]
    assert best_occurrence(marked, "Yes", 1_999_000, "Noon: ", ".") == Span(2_000_006, 2_000_009)


@pytest.mark.parametrize("n", [500, 5000])
def test_a_long_quote_with_edits_is_found_in_a_large_document(n: int) -> None:
    words = [sha256(bytes([i % 256, i // 256])).hexdigest()[: 4 + i % 7] for i in range(12_000)]
    text = " ".join(words)
    quote = text[50_000 : 50_000 + n]
    text = text[:50_020] + "inserted here " + text[50_020 + 30 :]
    similar = nearest(text, quote, 0)
    assert similar is not None
    assert abs(similar.span.start - 50_000) <= 8
    assert abs(similar.span.end - (50_000 + n - 16)) <= 8
    assert similar.similarity > 0.9


def test_the_limit_is_lower_for_longer_quotes() -> None:
    limits = [min_similarity(n) for n in (1, 10, 20, 100, 10_000)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] == 0.9
