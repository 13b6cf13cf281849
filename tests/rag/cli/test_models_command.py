"""`rag models`: what is set, what is known to work, and what it costs."""

import json
from pathlib import Path
from typing import Any

from command import rag
from rag.models.catalog import KNOWN_MODELS, ROLES


def roles(*arguments: str | Path, **environment: Any) -> dict[str, Any]:
    done = rag("models", "--json", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return {role["setting"]: role for role in json.loads(done.stdout)["roles"]}


def test_every_role_lists_its_known_models_and_suggests_one(tmp_path: Path) -> None:
    listed = roles("--index", tmp_path / "none")
    assert list(listed) == list(ROLES)
    for setting, role in listed.items():
        known = role["known"]
        assert [each["name"] for each in known] == [
            each.name for each in KNOWN_MODELS if each.role == setting
        ]
        assert sum(each["suggested"] for each in known) == 1
        for each in known:
            # int8: one byte a parameter; fp32: four.
            assert each["compiled_mb"] <= each["download_mb"] / 3
            assert each["licence"]


def test_the_model_of_the_index_and_the_settings_are_the_current_ones(
    seeds_index: Path, tmp_path: Path
) -> None:
    listed = roles("--index", seeds_index, RAG_READER="some/reader", RAG_RERANK="none")
    assert listed["model"]["current"] == "all-MiniLM-L6-v2"
    assert listed["reader"]["current"] == "some/reader"
    assert listed["rerank"]["current"] == "none"
    assert roles("--index", tmp_path / "none")["reader"]["current"] is None


def test_the_list_for_people_has_one_line_for_each_setting_and_model() -> None:
    done = rag("models")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    for role in ROLES:
        assert sum(f"(`{role}`): " in line for line in lines) == 1
    for each in KNOWN_MODELS:
        assert [line for line in lines if line.strip().removesuffix(" (suggested)") == each.name]
