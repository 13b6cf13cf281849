"""Write what transformers' question-answering pipeline says on tests/support's reader_cases.

usage: python tests/support/pipeline_answers.py
with transformers 4, the last version to have the pipeline

The tests compare readers with this file, tests/support/tiny_reader_answers.json.
"""

import json
from pathlib import Path
from typing import Any

import transformers

from reader_cases import reader_cases

HERE = Path(__file__).parent
_LONGEST_PHRASE = 30


def main() -> None:
    make: Any = transformers.pipeline  # the types are those of transformers 5
    pipeline = make("question-answering", model=str(HERE / "tiny_reader"))
    pipeline.model.float()
    cases = [{"question": question, "context": text} for question, text in reader_cases()]
    options = {"max_answer_len": _LONGEST_PHRASE}
    alone = [pipeline(**case, **options) for case in cases]
    together = pipeline(cases, batch_size=8, **options)
    for one, other in zip(alone, together, strict=True):
        if (one["start"], one["end"]) != (other["start"], other["end"]):
            raise SystemExit(f"batches change the answer: {one} {other}")
    refused = [pipeline(**case, handle_impossible_answer=True, **options) for case in cases]
    answers = [
        {
            "start": one["start"],
            "end": one["end"],
            "score": one["score"],
            "none": not other["answer"],
        }
        for one, other in zip(alone, refused, strict=True)
    ]
    fields = {"transformers": transformers.__version__, "answers": answers}
    (HERE / "tiny_reader_answers.json").write_text(json.dumps(fields, indent=1) + "\n")


if __name__ == "__main__":
    main()
