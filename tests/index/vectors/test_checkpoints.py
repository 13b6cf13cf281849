"""A checkpoint is used only if it is complete and made from the same input."""

from pathlib import Path

import numpy as np
import pytest

from index.vectors.checkpoints import Arrays, Checkpoints

MADE: Arrays = {"ids": np.arange(5), "codes": np.eye(3, dtype=np.uint8)}


def never() -> Arrays:
    raise AssertionError("it was made again")


def same(arrays: Arrays) -> bool:
    return arrays.keys() == MADE.keys() and all(
        (arrays[name] == MADE[name]).all() and arrays[name].dtype == MADE[name].dtype
        for name in MADE
    )


def only_file(folder: Path) -> Path:
    (file,) = folder.rglob("*.npz")
    return file


def test_a_part_is_built_once(tmp_path: Path) -> None:
    assert same(Checkpoints(tmp_path, "key").load_or_make("part", lambda: MADE))
    assert same(Checkpoints(tmp_path, "key").load_or_make("part", never))


def test_a_part_with_another_name_or_key_is_not_used(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "key").load_or_make("part", lambda: {"ids": np.zeros(1)})
    assert same(Checkpoints(tmp_path, "key").load_or_make("other", lambda: MADE))
    assert same(Checkpoints(tmp_path, "other").load_or_make("part", lambda: MADE))


@pytest.mark.parametrize("at", [0, 31, 32, 200, -1])
def test_a_part_with_a_flipped_bit_is_built_again(tmp_path: Path, at: int) -> None:
    Checkpoints(tmp_path, "key").load_or_make("part", lambda: MADE)
    file = only_file(tmp_path)
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(AssertionError):
        Checkpoints(tmp_path, "key").load_or_make("part", never)
    assert same(Checkpoints(tmp_path, "key").load_or_make("part", lambda: MADE))
    assert same(Checkpoints(tmp_path, "key").load_or_make("part", never))


@pytest.mark.parametrize("n_bytes", [0, 10, 32, 100])
def test_a_truncated_part_is_built_again(tmp_path: Path, n_bytes: int) -> None:
    Checkpoints(tmp_path, "key").load_or_make("part", lambda: MADE)
    file = only_file(tmp_path)
    file.write_bytes(file.read_bytes()[:n_bytes])
    assert same(Checkpoints(tmp_path, "key").load_or_make("part", lambda: MADE))


def test_a_part_whose_build_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Checkpoints(tmp_path, "key").load_or_make("part", never)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_drop_deletes_all_parts_and_those_of_other_builds(tmp_path: Path) -> None:
    mine, other = Checkpoints(tmp_path, "mine"), Checkpoints(tmp_path, "other")
    for checkpoints in (mine, other):
        checkpoints.load_or_make("part", lambda: MADE)
    mine.drop()
    assert list(tmp_path.iterdir()) == [other.folder]
    assert same(other.load_or_make("part", never))
    other.drop()
    assert list(tmp_path.iterdir()) == []
    other.drop()
