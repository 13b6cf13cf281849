"""Check the answer to the README's first question: `rag ask … --json | python first_answer.py`.

It must state the seed document's share, 43 %, and no other, and cite the sentence that says so.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
SHARE = {"43"}
_SHARE_OF_GDP = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:%|per ?cent)[^%.]{0,40}GDP")


def problem(answer: dict[str, Any]) -> str | None:
    """Return what is wrong with an answer; None if nothing is."""
    if not answer["answered"]:
        return "the question is not answered"
    stated = set(_SHARE_OF_GDP.findall(answer["text"]))
    if stated != SHARE:
        return f"it states {sorted(stated)} % of GDP, not {sorted(SHARE)}"
    cited = [sentence["citation"] for sentence in answer["sentences"]]
    for citation in cited:
        file = SEEDS.parent / citation["doc_id"]
        if file.parent != SEEDS or not file.is_file():
            return f"it cites {citation['doc_id']!r}, which is not the seed document"
        text = file.read_bytes().decode("utf-8")
        if text[citation["start"] : citation["end"]] != citation["quote"]:
            return f"{citation['doc_id']} does not have the quote {citation['quote']!r} there"
    if not any(set(_SHARE_OF_GDP.findall(citation["quote"])) == SHARE for citation in cited):
        return "no cited sentence states the share"
    return None


if __name__ == "__main__":
    reason = problem(json.load(sys.stdin))
    sys.exit(reason and f"the first question: {reason}")
