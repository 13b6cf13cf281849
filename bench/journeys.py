"""The files that a request passes: `python -m bench.journeys [FOLDER]`, of the checkout in FOLDER.

Two journeys are run and traced in the thread that makes them: a question to its JSON, and a changed
file to a published index. A file counts once; a return is a move into a file that was left before.
The embedder and the backend are seams: who reads a journey need not read what is behind them.
"""

import subprocess
import sys
from pathlib import Path

from bench.processes import ROOT

_TRACE = """
import os, sys, tempfile
from pathlib import Path
root = sys.argv[1] + "/"
behind = ("index/encode/onnx", "index/encode/pooling", "index/publish/", "index/store/",
    "index/vectors/", "index/words/tantivy", "index/disk/")
packages = tuple(root + name + "/" for name in ("index", "rag", "api", "eval"))
from rag.ingest import ingest_paths
from rag.pipeline import Pipeline
from rag.results import to_json
from rag.settings import Settings

def journey(call):
    moves = []
    def profile(frame, event, argument):
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(packages) and frame.f_code.co_name[0] != "<":
            if not moves or moves[-1] != name:
                moves.append(name)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    files = list(dict.fromkeys(moves))
    in_front = [name for name in files if not name[len(root):].startswith(behind)]
    return len(files), len(in_front), len(moves) - len(files)

os.chdir(tempfile.mkdtemp())
file = Path("docs/a.txt")
file.parent.mkdir()
settings = Settings(index=Path("index"))
def ingest(text):
    file.write_text(text)
    return journey(lambda: ingest_paths(settings, [file.parent]))
ingest("Aid\\n\\nAid came in winter. Nobody spoke of grain.\\n")
ingested = ingest("Aid\\n\\nAid came in summer. Nobody spoke of it.\\n")
pipeline = Pipeline.open(settings)
pipeline.search("When did aid come?")
print(*journey(lambda: to_json(pipeline.search("Who spoke of aid?"))), *ingested)
pipeline.close()
"""


def main() -> None:
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    done = subprocess.run(
        [sys.executable, "-c", _TRACE, str(root)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    numbers = done.stdout.split()[-6:]
    print("| journey | files | of these in front of the embedder and the backend | returns |")
    print("|---|---|---|---|")
    print(f"| a question to its JSON | {' | '.join(numbers[:3])} |")
    print(f"| a changed file to a published index | {' | '.join(numbers[3:])} |")


if __name__ == "__main__":
    main()
