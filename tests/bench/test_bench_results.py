"""Results of the benchmarks: arithmetic, JSON file, tables, document."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.document import (
    DOCUMENT,
    RESULT_MARKS,
    SCALE,
    SUMMARY,
    copy_results,
    pictures,
    with_results,
    with_scale,
    write,
)
from bench.query import quantiles
from bench.results import Aim, ResultRow, Sample, read_results, to_json
from bench.scale.results import picture, read_scale
from bench.scale.results import to_json as scale_to_json
from bench.table import describe_run, format_number, format_sample, markdown, tables
from index.errors import BadInput
from measurements import ALONE, FASTER, RESULTS, SMALLER

times = st.floats(0.001, 1e6)


def test_a_sample_has_a_median_and_a_range() -> None:
    sample = Sample((3.0, 1.0, 7.0, 2.0))
    assert (sample.median, sample.low, sample.high) == (2.5, 1.0, 7.0)


def test_a_ratio_is_computed_per_round() -> None:
    assert FASTER.ratio == Sample((5.0, 3.0, 6.0))
    # The ratio of the medians differs: 100 to 20 is also 5, but no round has 90 to 30.
    assert FASTER.ratio.median == 5.0


@given(st.lists(st.tuples(times, times), min_size=1, max_size=7))
def test_the_reverse_ratio_is_the_inverse(pairs: list[tuple[float, float]]) -> None:
    mine, theirs = (Sample(tuple(values)) for values in zip(*pairs, strict=True))
    there, back = (
        ResultRow("r", "s", *each).ratio for each in ((mine, "", theirs), (theirs, "", mine))
    )
    assert there is not None
    assert back is not None
    assert there.low == pytest.approx(1 / back.high)
    assert there.high == pytest.approx(1 / back.low)


def test_samples_of_different_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        assert replace(FASTER, theirs=Sample((1.0,))).ratio


@pytest.mark.parametrize(
    ("aim", "met"),
    [
        (Aim("ratio", "at least", 5.0), True),
        (Aim("ratio", "at least", 5.1), False),
        (Aim("ratio", "at most", 5.0), True),
        (Aim("ratio", "at most", 4.9), False),
        (Aim("value", "at least", 100.0), True),
        (Aim("value", "at most", 99.0), False),
        (None, None),
    ],
)
def test_an_aim_is_compared_with_the_median(aim: Aim | None, met: bool | None) -> None:
    assert replace(FASTER, aim=aim).met is met


def test_a_row_without_a_peer_has_no_ratio() -> None:
    assert ALONE.ratio is None
    assert ALONE.met is True


def test_percentiles_are_per_round() -> None:
    rounds = [[float(i) for i in range(101)], [10.0, 30.0]]
    assert quantiles(rounds, 50).values == (50.0, 20.0)
    assert quantiles(rounds, 99).values == pytest.approx((99.0, 29.8))


@given(st.lists(times, min_size=1))
def test_the_middle_percentile_is_the_median(ms: list[float]) -> None:
    assert quantiles([ms], 50).median == pytest.approx(median(ms))


def test_results_are_read_as_written(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(to_json(RESULTS), encoding="utf-8")
    assert read_results(file) == RESULTS


def test_an_invalid_results_file_is_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    with pytest.raises(BadInput, match=r"cannot read .*No such file.*make bench"):
        read_results(file)
    broken = json.loads(to_json(RESULTS))
    broken["parts"][0]["rows"][1]["ours"]["values"] = "fast"
    file.write_text(json.dumps(broken))
    with pytest.raises(BadInput, match=r"parts\.0\.rows\.1\.ours\.values"):
        read_results(file)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.123456, "0.123"),
        (0.0949, "0.0949"),
        (4.0, "4"),
        (12.345, "12.3"),
        (999.6, "1,000"),
        (1234.5, "1,230"),
        (1234567, "1,230,000"),
    ],
)
def test_numbers_have_three_digits(value: float, expected: str) -> None:
    assert format_number(value) == expected


def test_a_range_is_shown_if_there_is_one() -> None:
    assert format_sample(Sample((2.0, 1.0, 4.0))) == "2 (1–4)"
    assert format_sample(Sample((2.0,))) == "2"


def test_the_columns_of_a_table_are_aligned() -> None:
    table = markdown([("what", "ours"), ("a longer name", "1")])
    assert table == "| what          | ours |\n|---------------|------|\n| a longer name | 1    |"


def test_tables_have_every_row_with_ratio_and_aim() -> None:
    ingest, growth = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in tables(RESULTS).splitlines()
        if "paragraphs/s" in line or "requests" in line
    )
    assert ingest == [
        "ingest, paragraphs/s",
        "100 (90–120)",
        "20 (20–30)",
        "a peer",
        "5 (3–6)",
        "≥ 4",
        "yes",
    ]
    assert growth == ["errors, requests", "0 (0–0)", "", "", "", "≤ 0 requests", "yes"]
    assert SMALLER.met is False
    assert "| ≤ 250 MB | no " in tables(RESULTS)
    assert "Left out: that: it is not installed." in tables(RESULTS)


def test_the_description_says_that_numbers_are_unreliable() -> None:
    assert "too little" not in describe_run(RESULTS)
    assert "not reliable" not in describe_run(RESULTS)
    loaded = replace(RESULTS, quick=True, machine=replace(RESULTS.machine, load=0.9))
    assert "too little" in describe_run(loaded)
    assert "not reliable" in describe_run(loaded)


BEGIN, END = RESULT_MARKS


def test_the_document_keeps_the_text_around_its_tables() -> None:
    written = with_results(f"Before.\n\n{BEGIN}\n\nold\n\n{END}\n\nAfter.\n", RESULTS)
    assert written.startswith(f"Before.\n\n{BEGIN}\n\n- 2026-01-02")
    assert written.endswith(f"{tables(RESULTS)}\n\n{END}\n\nAfter.\n")
    assert with_results(written, RESULTS) == written


def test_results_of_a_busy_machine_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.document.SUMMARY", tmp_path / "summary.json")
    source = tmp_path / "run.json"
    source.write_text(to_json(replace(RESULTS, machine=replace(RESULTS.machine, load=0.9))))
    with pytest.raises(BadInput, match=r"busy machine .* measure again"):
        copy_results(source)
    assert not (tmp_path / "summary.json").exists()
    source.write_text(to_json(RESULTS))
    copy_results(source)
    assert (tmp_path / "summary.json").read_text() == source.read_text()


@pytest.mark.parametrize("busy", ["summary.json", "scale.json"])
def test_no_table_or_plot_is_written_from_a_busy_run(
    busy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, quiet = tmp_path / "performance.md", read_scale(SCALE)
    quiet = replace(quiet, machine=replace(quiet.machine, load=0.1))
    files = {"summary.json": to_json(RESULTS), "scale.json": scale_to_json(quiet)}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    for name, file in (("SUMMARY", "summary.json"), ("SCALE", "scale.json")):
        monkeypatch.setattr(f"bench.document.{name}", tmp_path / file)
    monkeypatch.setattr("bench.document.DOCUMENT", document)
    assert write() == []
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert before.keys() > files.keys() | {"performance.md", "growth.svg"}
    loaded = json.loads(files[busy])
    loaded["machine"]["load"] = 0.31
    before[busy] = json.dumps(loaded).encode()
    (tmp_path / busy).write_bytes(before[busy])
    [reason] = write()
    assert f"{busy} was measured on a busy machine (load 0.31 per core" in reason
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("document", ["", BEGIN, f"{END} {BEGIN}"])
def test_a_document_without_its_marks_is_refused(document: str) -> None:
    with pytest.raises(BadInput, match="insert both"):
        with_results(document, RESULTS)


def test_the_document_is_written_from_the_committed_results() -> None:
    results, document = read_results(SUMMARY), DOCUMENT.read_text(encoding="utf-8")
    assert with_results(document, results) == document
    scale = read_scale(SCALE)
    assert with_scale(document, scale) == document
    for name, drawn in {**pictures(results), "scale.svg": picture(scale.sizes)}.items():
        assert DOCUMENT.with_name(name).read_text(encoding="utf-8") == drawn
        assert f"({name})" in document
