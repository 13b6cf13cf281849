"""Count files, imports and levels of each package: `python -m bench.layout [FOLDER]`.

The same is counted for a package's parts, which are its sub-packages and the files beside them. The
number of levels is the length of the longest chain of imports.
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
        imports = {(a, b) for a, path in files.items() for b in _imports_of(path) & set(files)}
        part_imports = {(_part(a), _part(b)) for a, b in imports if _part(a) != _part(b)}
        parts = {_part(name) for name in files}
        numbers = (
            *(len(files), len(imports), _levels(set(files), imports)),
            *(len(parts), len(part_imports), _levels(parts, part_imports)),
        )
        print(f"| {package} | {' | '.join(map(str, numbers))} |")


def _files(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and path of each module of a package."""
    for path in sorted((root / package).rglob("*.py")):
        if not path.stem.startswith("__"):
            yield ".".join(path.relative_to(root).with_suffix("").parts), path


def _imports_of(path: Path) -> set[str]:
    """Return the modules that a file's `from` imports name, and the names imported from them."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return names


def _part(module: str) -> str:
    return module.split(".")[1]


def _levels(names: set[str], imports: set[tuple[str, str]]) -> int:
    """Return the length of the longest chain of imports."""
    below = defaultdict(set)
    for a, b in imports:
        below[a].add(b)
    level: dict[str, int] = {}

    def level_of(name: str) -> int:
        if name not in level:
            level[name] = 0  # stops the recursion in an import cycle
            level[name] = 1 + max(map(level_of, below[name]), default=0)
        return level[name]

    return max(map(level_of, names))


if __name__ == "__main__":
    main()
