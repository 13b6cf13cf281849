"""The project's version, its releases in CHANGELOG.md and the formats that they write."""

import re
import tomllib
from importlib.metadata import version

import pytest

from command import ROOT, rag
from index.encode import compile as compiled
from index.fingerprint import CHUNKER_VERSION
from index.publish import manifest
from index.store import schema

Numbers = tuple[int, ...]
SECTION = re.compile(
    r"^## \[(?P<number>\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$(?P<text>.*?)(?=^## |\Z)", re.M | re.S
)
FORMATS = (
    f"Formats: database {schema.VERSION}, chunks {CHUNKER_VERSION}, "
    f"FAISS and BM25 files {manifest.FORMAT.partition(',')[0]}, compiled models {compiled.FORMAT}."
)


def numbers(of: str) -> Numbers:
    return tuple(map(int, of.split(".")))


def releases() -> dict[Numbers, str]:
    """The text of each release's section, in the order of the file."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return {numbers(each["number"]): each["text"] for each in SECTION.finditer(changelog)}


def fault(of: str, released: dict[Numbers, str], formats: str) -> str:
    """The reason why a project cannot have this version; empty if it can."""
    number, _, dev = of.partition(".dev")
    newest = max(released)
    if dev:
        return "" if numbers(number) > newest else f"{of} comes before the release {newest}"
    if numbers(number) != newest:
        return f"{of} is not the newest release, {newest}, of CHANGELOG.md"
    return "" if formats in released[newest] else f"{of} does not state: {formats}"


def test_the_version_is_the_newest_release_with_its_formats_or_a_later_development_version() -> (
    None
):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert fault(project["version"], releases(), FORMATS) == ""


def test_releases_are_in_descending_order_below_unreleased() -> None:
    in_order = list(releases())
    assert in_order == sorted(in_order, reverse=True)
    headings = re.findall(r"^## .*", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert headings[0] == "## [Unreleased]"
    assert len(headings) == 1 + len(in_order)


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        ("1.2.0", ""),
        ("1.3.0.dev0", ""),
        ("1.10.0.dev0", ""),
        ("1.2.0.dev0", "comes before"),
        ("1.1.0", "not the newest"),
        ("1.3.0", "not the newest"),
    ],
)
def test_a_version_without_a_release_is_refused(of: str, reason: str) -> None:
    released: dict[Numbers, str] = {(1, 2, 0): "\nDatabase 8.\n", (1, 1, 0): "\nDatabase 7.\n"}
    assert reason in fault(of, released, "Database 8.")
    assert bool(reason) == bool(fault(of, released, "Database 8."))


def test_a_released_version_with_other_formats_is_refused() -> None:
    released: dict[Numbers, str] = {(1, 2, 0): "\nDatabase 8.\n"}
    assert "does not state" in fault("1.2.0", released, "Database 9.")


def test_the_command_prints_the_installed_version() -> None:
    assert rag("--version").stdout == f"rag {version('rag')}\n"
