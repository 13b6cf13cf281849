"""Damage to one file of an index, like that of a disk or a truncated copy: chosen by a seed, so
that each kind of file and each type of database page is hit."""

from collections.abc import Callable
from pathlib import Path
from random import Random

_DATABASE = "rag.db"
_PAGE = 4096


def kind_of(name: str) -> str:
    """The kind of a file, by its name in the index. Files of one kind are equally likely, and
    so are the kinds, except that the database, the only source, is more likely."""
    parts = Path(name).parts
    if len(parts) == 1:
        return name
    return f"{parts[0].split('-')[0]} {Path(name).suffix or Path(name).name}"


def strike(index: Path, rng: Random) -> str:
    """Damage one file of an index; return a description."""
    kinds: dict[str, list[str]] = {}
    for path in sorted(index.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(index))
            kinds.setdefault(kind_of(name), []).append(name)
    weights = [_weight(kind) for kind in kinds]
    kind = rng.choices(list(kinds), weights)[0]
    name = rng.choice(kinds[kind])
    how = rng.choice(list(_BLOWS))
    return f"{how} {name} {_BLOWS[how](index / name, rng)}"


def _weight(kind: str) -> int:
    return 8 if kind == _DATABASE else 4 if kind == f"{_DATABASE}-wal" else 1


def _flip(path: Path, rng: Random) -> str:
    where, bit = _place(path, rng), rng.randrange(8)
    return _overwrite(path, where, lambda former: bytes([former[0] ^ 1 << bit]), 1)


def _change(path: Path, rng: Random) -> str:
    change = rng.randrange(1, 256)
    return _overwrite(path, _place(path, rng), lambda old: bytes([(old[0] + change) % 256]), 1)


def _zero(path: Path, rng: Random) -> str:
    """Set a range of bytes, or a whole page, to zero."""
    where, length = _place(path, rng), rng.choice([16, 512, _PAGE])
    if length == _PAGE:
        where -= where % _PAGE
    return _overwrite(path, where, lambda former: bytes(len(former)), length)


def _cut(path: Path, rng: Random) -> str:
    size = path.stat().st_size
    left = rng.choice([0, rng.randrange(size + 1), max(size - rng.randrange(1, 9), 0)])
    with path.open("r+b") as stream:
        stream.truncate(left)
    return f"{size} -> {left}"


_BLOWS: dict[str, Callable[[Path, Random], str]] = {
    "flip": _flip,
    "change": _change,
    "zero": _zero,
    "cut": _cut,
}


def _overwrite(path: Path, where: int, change: Callable[[bytes], bytes], length: int) -> str:
    """Overwrite in place, like a disk."""
    with path.open("r+b") as stream:
        stream.seek(where)
        former = stream.read(length)
        if former:
            stream.seek(where)
            stream.write(change(former))
    return f"at {where}"


def _place(path: Path, rng: Random) -> int:
    """Return an offset in a file; in the database each type of page is equally likely."""
    content = path.read_bytes()
    if path.name == _DATABASE and content:
        page = rng.choice(rng.choice(_pages(content)))
        return min(page * _PAGE + rng.randrange(_PAGE), len(content) - 1)
    return rng.randrange(len(content)) if content else 0


def _pages(content: bytes) -> list[list[int]]:
    """The pages of each type: the first, four types of B-tree by their first byte, and the rest."""
    types: dict[int, list[int]] = {}
    for page in range(1, max(len(content) // _PAGE, 2)):
        first = content[page * _PAGE : page * _PAGE + 1]
        types.setdefault(first[0] if first and first[0] in (2, 5, 10, 13) else 0, []).append(page)
    return [[0], *types.values()]
