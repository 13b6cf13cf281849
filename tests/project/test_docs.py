"""Every command, setting, file and make target in the documentation exists."""

import re
from pathlib import Path

import pytest

from command import ROOT
from rag.settings import Settings

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = "index|rag|api|eval|bench|tests|docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_modules_on_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{PACKAGES})/[\w/.-]+)`", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()
    modules = set(re.findall(r"python -m ((?:eval|bench|rag)[\w.]*)", text))
    paths = {module: ROOT / module.replace(".", "/") for module in modules}
    lost = {
        module
        for module, path in paths.items()
        if not path.with_suffix(".py").exists() and not (path / "__main__.py").exists()
    }
    assert lost == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_and_targets_on_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    variables = {name.lower() for name in re.findall(r"\bRAG_([A-Z_]+)\b", text)}
    assert variables - set(Settings.model_fields) - {"config", "debug"} == set()
    targets = set(re.findall(r"`make ([a-z-]+)", text)) | set(
        re.findall(r"^make ([a-z-]+)", text, re.M)
    )
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {
        name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)
    } == set()
