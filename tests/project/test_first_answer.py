"""CI's check of the first answer accepts the correct answer and rejects others."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command import ROOT, rag

Answer = dict[str, Any]


def run_check(answer: Answer) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "first_answer.py")]
    return subprocess.run(
        command, input=json.dumps(answer), capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def answer(seeds_index: Path) -> Answer:
    """The answer to the question of `make run`, which CI reads from the Makefile."""
    question = re.search(r"^QUESTION := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert question is not None
    process = rag("ask", question[1], "--json", "--index", seeds_index)
    assert process.returncode == 0, process.stderr
    return dict(json.loads(process.stdout))


def test_the_answer_to_the_first_question_passes(answer: Answer) -> None:
    process = run_check(answer)
    assert (process.returncode, process.stderr) == (0, "")


def unanswered(answer: Answer) -> None:
    answer["answered"] = False


def another_number(answer: Answer) -> None:
    answer["text"] = answer["text"].replace("43%", "34%")


def a_second_number(answer: Answer) -> None:
    answer["text"] += " Aid was 45 percent of GDP."


def another_document(answer: Answer) -> None:
    answer["sentences"][0]["citation"]["doc_id"] = "README.md"


def another_place(answer: Answer) -> None:
    answer["sentences"][0]["citation"]["start"] -= 1


def no_citation(answer: Answer) -> None:
    answer["sentences"] = []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unanswered, "is not answered"),
        (another_number, "it states ['34'] % of GDP, not ['43']"),
        (a_second_number, "it states ['43', '45'] % of GDP"),
        (another_document, "it cites 'README.md'"),
        (another_place, "does not have the quote"),
        (no_citation, "no cited sentence states the share"),
    ],
)
def test_a_wrong_answer_fails_with_what_is_wrong(
    answer: Answer, spoil: Callable[[Answer], None], said: str
) -> None:
    wrong: Answer = json.loads(json.dumps(answer))
    spoil(wrong)
    process = run_check(wrong)
    assert process.returncode == 1
    assert said in process.stderr
