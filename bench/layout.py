"""The map of the code in numbers: `python -m bench.layout [FOLDER]`.

For each package its files and the imports between them, on how many levels they lie, and the same
for its parts, which are its sub-packages and the files beside them.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.processes import ROOT

PACKAGES = ("index", "rag", "api", "eval")


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    print("| package | files | imports | levels | parts | imports between parts | levels |")
    print("|---|---|---|---|---|---|---|")
    for package in PACKAGES:
        files = dict(_files(root, package))
        imports = {(a, b) for a, path in files.items() for b in _imported(path) & set(files)}
        of_parts = {(_part(a), _part(b)) for a, b in imports if _part(a) != _part(b)}
        parts = {_part(name) for name in files}
        numbers = (
            *(len(files), len(imports), _levels(set(files), imports)),
            *(len(parts), len(of_parts), _levels(parts, of_parts)),
        )
        print(f"| {package} | {' | '.join(map(str, numbers))} |")


def _files(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    """The modules of a package by their names."""
    for path in sorted((root / package).rglob("*.py")):
        if not path.stem.startswith("__"):
            yield ".".join(path.relative_to(root).with_suffix("").parts), path


def _imported(path: Path) -> set[str]:
    """The names that a file imports from, or imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def _part(module: str) -> str:
    return module.split(".")[1]


def _levels(names: set[str], imports: set[tuple[str, str]]) -> int:
    """The longest chain of imports."""
    below = defaultdict(set)
    for a, b in imports:
        below[a].add(b)
    level: dict[str, int] = {}

    def level_of(name: str) -> int:
        if name not in level:
            level[name] = 0  # a circle ends here
            level[name] = 1 + max(map(level_of, below[name]), default=0)
        return level[name]

    return max(map(level_of, names))


if __name__ == "__main__":
    main()
