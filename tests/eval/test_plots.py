"""Plots: axes, positions of points and marks, well-formed SVG; the risk-coverage curve."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import rag
from eval.measures.measures import Statement, risk_coverage
from eval.plots.lines import HEIGHT, WIDTH, Line, Mark, Panel, axis, svg
from eval.plots.risk_coverage import risk_coverage_svg
from eval.runs.run_file import Run, RunQuestion
from index.errors import BadInput
from index.types import Span
from known_runs import beir_set, run_of, run_question, span_set

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("values", "log", "ticks"),
    [
        ([3, 10], False, (0, 5, 10)),
        ([7.3], False, (0, 2, 4, 6, 8)),
        ([0.012, 0.004], False, (0, 0.005, 0.01, 0.015)),
        ([0.0], False, (0, 1e-9)),
        ([1000, 10_000], True, (1000, 10_000)),
        ([20, 300], True, (10, 100, 1000)),
        ([1], True, (1, 10)),
    ],
)
def test_ticks_are_round_and_hold_the_values(
    values: list[float], log: bool, ticks: tuple[float, ...]
) -> None:
    axis_ticks = axis(values, log).ticks
    if values == [0.0]:
        assert axis_ticks[0] == 0
        assert axis_ticks[-1] > 0
    else:
        assert axis_ticks == pytest.approx(ticks)


@given(st.lists(st.floats(1e-3, 1e9), min_size=1), st.booleans())
def test_every_value_lies_within_its_axis(values: list[float], log: bool) -> None:
    drawn = axis(values, log)
    assert len(drawn.ticks) <= (14 if log else 6)
    assert list(drawn.ticks) == sorted(set(drawn.ticks))
    assert all(-1e-9 <= drawn.share(value) <= 1 + 1e-9 for value in values)


def points(picture: str) -> list[tuple[float, float]]:
    line = next(ElementTree.fromstring(picture).iter(f"{SVG}polyline"))
    pairs = (pair.split(",") for pair in line.attrib["points"].split())
    return [(float(x), float(y)) for x, y in pairs]


def test_points_stand_where_their_values_are() -> None:
    panel = Panel("p", "x", "y", [Line("", (0, 5, 10), (0, 4, 2))])
    assert points(svg("a plot", [panel])) == [(0, HEIGHT), (WIDTH / 2, 0), (WIDTH, HEIGHT / 2)]


def test_a_logarithmic_axis_puts_tenfolds_at_equal_distances() -> None:
    panel = Panel("p", "x", "y", [Line("", (1, 10, 100), (1, 1, 1))], log_x=True)
    assert [x for x, _ in points(svg("a plot", [panel]))] == [0, WIDTH / 2, WIDTH]


def test_names_are_text_and_never_markup() -> None:
    name = 'a <b> & "c"'
    picture = svg(name, [Panel(name, name, name, [Line(name, (1,), (1,)), Line("d", (1,), (2,))])])
    drawn = ElementTree.fromstring(picture)
    assert drawn.attrib["aria-label"] == name
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert texts.count(name) == 4
    assert "d" in texts


def rings(picture: str) -> dict[str, tuple[float, float]]:
    """The centre of each mark by what its tooltip says."""
    circles = ElementTree.fromstring(picture).iter(f"{SVG}circle")
    marks = [(circle, title) for circle in circles for title in circle.iter(f"{SVG}title")]
    return {
        str(title.text): (float(circle.attrib["cx"]), float(circle.attrib["cy"]))
        for circle, title in marks
        if circle.attrib["fill"] == "none"
    }


def test_a_mark_is_a_ring_at_its_values_with_an_entry_in_the_legend() -> None:
    panel = Panel("p", "x", "y", [Line("", (0, 10), (0, 4))], marks=[Mark("here", 5, 2)])
    picture = svg("a plot", [panel])
    assert rings(picture) == {"here 5: 2": (WIDTH / 2, HEIGHT / 2)}
    texts = [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert texts.count("here") == 1


def test_a_mark_lies_within_the_axes() -> None:
    panel = Panel("p", "x", "y", [Line("", (0, 1), (0, 1))], marks=[Mark("far", 40, 8)])
    ((x, y),) = rings(svg("a plot", [panel])).values()
    assert (x, y) == (WIDTH, 0)


def test_a_line_without_dots_has_the_same_points() -> None:
    with_dots, without = (
        svg("a plot", [Panel("p", "x", "y", [Line("", (0, 5), (0, 4), dots=dots)])])
        for dots in (True, False)
    )
    assert points(with_dots) == points(without)
    assert (with_dots.count("<circle"), without.count("<circle")) == (2, 0)


def answered(question_id: str, *, right: bool, confidence: float, stated: bool) -> RunQuestion:
    question = run_question(question_id, {"candidate-right": float(right)}, confidence, True)
    statement = Statement(stated, (("d", Span(0, 9)),))
    return replace(question, outcome=replace(question.outcome, statement=statement))


def run_with_answers() -> Run:
    """Four questions; the threshold 0.3 states three of them, and a rule declines one."""
    run = run_of(
        answered("a", right=True, confidence=0.9, stated=True),
        answered("b", right=False, confidence=0.7, stated=False),
        answered("c", right=False, confidence=0.5, stated=True),
        answered("d", right=True, confidence=0.1, stated=False),
    )
    return replace(run, threshold=0.3, measures=run.measures | {"AURC": 0.4})


def test_the_curve_has_the_risk_at_each_coverage() -> None:
    picture = risk_coverage_svg(run_with_answers())
    expected = risk_coverage([True, False, False, True], [0.9, 0.7, 0.5, 0.1])
    (highest,) = {risk for _, risk in expected if risk == max(r for _, r in expected)}
    top = axis([highest, 2 / 3, 1 / 2]).ticks[-1]
    assert [x / WIDTH for x, _ in points(picture)] == pytest.approx([0.25, 0.5, 0.75, 1])
    assert [1 - y / HEIGHT for _, y in points(picture)] == pytest.approx(
        [risk / top for _, risk in expected], abs=1e-3
    )


def test_the_threshold_and_what_was_stated_are_marked() -> None:
    # Three of four reach the threshold, two of them wrong; two are stated, one of them wrong.
    marks = rings(risk_coverage_svg(run_with_answers()))
    assert list(marks) == ["threshold 0.30 0.75: 0.6667", "stated 0.5: 0.5"]
    assert [x / WIDTH for x, _ in marks.values()] == [0.75, 0.5]


def test_without_a_threshold_or_statements_nothing_is_marked() -> None:
    run = run_with_answers()
    silent = [
        replace(q, outcome=replace(q.outcome, statement=Statement(False, ())))
        for q in run.questions
    ]
    drawn = risk_coverage_svg(replace(run, threshold=None, questions=tuple(silent)))
    assert rings(drawn) == {}
    assert rings(risk_coverage_svg(replace(run, threshold=0.95))).keys() == {"stated 0.5: 0.5"}


def test_the_area_is_in_the_title() -> None:
    picture = risk_coverage_svg(run_with_answers())
    texts = [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert "known, 4 questions: AURC 0.400" in texts


def test_a_run_without_answers_is_refused() -> None:
    with pytest.raises(BadInput, match="take span-labelled questions"):
        risk_coverage_svg(run_of(run_question("a", {"nDCG@10": 1.0}), kind="beir"))


def test_the_command_draws_the_curve_of_a_span_set_only(tmp_path: Path) -> None:
    target = tmp_path / "curve.svg"
    done = rag("eval", "run", span_set(tmp_path / "set"), "--plot", target)
    assert done.returncode == 0, done.stderr
    assert ElementTree.fromstring(target.read_text()).attrib["aria-label"].endswith(" of set")
    assert len(points(target.read_text())) >= 1
    refused = rag("eval", "run", beir_set(tmp_path / "beir"), "--plot", tmp_path / "no.svg")
    assert refused.returncode == 2
    assert "--plot requires span-labelled questions" in refused.stderr
    assert not (tmp_path / "no.svg").exists()
