"""A model that only an index names is never downloaded, and is loaded only if it runs no code."""

import json
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from index.encode.model_files import DEFAULT_MODEL, find_local_model, find_model
from index.encode.model_safety import unsafe_part
from index.encode.torch_embedder import SentenceTransformerEmbedder
from index.errors import ModelUnusable
from index.protocols import Embedder
from rag.models.load import load_model_of
from rag.settings import Settings


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    """A copy of the default model, for tests that change it."""
    return Path(shutil.copytree(find_model().path, tmp_path / "my model"))


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The refused connections to the network."""
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> NoReturn:
        asked.append(arguments)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return asked


def test_a_model_that_an_index_names_is_not_downloaded(
    embedder: Embedder, tmp_path: Path, connections: list[object]
) -> None:
    foreign = replace(embedder.fingerprint, name="someone/else", weights="0" * 64)
    with pytest.raises(ModelUnusable, match=r"not on this machine.*QUESTION --model someone/else`"):
        load_model_of(foreign, Settings(cache_dir=tmp_path))
    assert connections == []
    with pytest.raises(ModelUnusable, match="no model 'someone/else'"):
        load_model_of(foreign, Settings(cache_dir=tmp_path, model="someone/else"))
    assert connections != []


@pytest.mark.parametrize("name", ["x; rm -rf ~", "a" * 5000, "~nobody-here/model", "a\0b", "../x"])
def test_an_invalid_name_is_refused_and_quoted(name: str) -> None:
    with pytest.raises(ModelUnusable, match="not on this machine"):
        find_local_model(name)


def test_the_suggested_command_is_safe_to_paste() -> None:
    with pytest.raises(ModelUnusable, match=r"--model 'x; rm -rf ~'`"):
        find_local_model("x; rm -rf ~")


def test_the_default_model_and_a_plain_folder_are_found(own_model: Path) -> None:
    assert find_local_model(DEFAULT_MODEL) == find_model()
    assert find_local_model(str(own_model)).digest == find_model().digest


def test_a_model_saved_by_sentence_transformers_is_safe(tmp_path: Path) -> None:
    SentenceTransformerEmbedder(find_model())._model.save(str(tmp_path / "saved"))
    assert unsafe_part(tmp_path / "saved") == ""


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    # Safe weights in another folder do not make it safe.
    (folder / "1_Pooling" / "model.safetensors").write_bytes(b"x")


def foreign_class(folder: Path) -> None:
    change(folder / "modules.json", lambda fields: fields[0].update(type="my_code.Runs"))


def attribute_for_a_class(folder: Path) -> None:
    kind = "sentence_transformers.base.model.pickle"
    change(folder / "modules.json", lambda fields: fields[0].update(type=kind))


def path_outside(folder: Path) -> None:
    change(folder / "modules.json", lambda fields: fields[0].update(path="../other"))


def arguments(folder: Path) -> None:
    change(
        folder / "sentence_bert_config.json",
        lambda fields: fields.update(model_args={"use_safetensors": False}),
    )


def downloaded_attention(folder: Path) -> None:
    change(folder / "config.json", lambda fields: fields.update(attn_implementation="evil/kernel"))


def adapter(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "evil/model"}')


def broken_configuration(folder: Path) -> None:
    (folder / "modules.json").write_text("[1]")


def change(file: Path, edit: Callable[[Any], object]) -> None:
    fields = json.loads(file.read_text())
    edit(fields)
    file.write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (pickle_only, "pytorch_model.bin is a pickle"),
        (foreign_class, "refers to the class 'my_code.Runs'"),
        (attribute_for_a_class, "refers to the class 'sentence_transformers.base.model.pickle'"),
        (path_outside, "refers to the folder '../other'"),
        (arguments, "sentence_bert_config.json sets model_args"),
        (downloaded_attention, "loads an attention from the hub"),
        (adapter, "adapter_config.json refers to another model"),
        (broken_configuration, "its configuration cannot be read"),
    ],
)
def test_a_model_that_could_run_code_is_refused_unless_the_user_names_it(
    own_model: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(own_model)
    with pytest.raises(ModelUnusable, match=f"{reason}.*if you trust it, add `--model "):
        find_local_model(str(own_model))
    assert find_model(str(own_model)).path == own_model


def test_code_in_a_model_is_not_run_even_if_the_user_names_it(own_model: Path) -> None:
    foreign_class(own_model)
    (own_model / "my_code.py").write_text(f"open({str(own_model / 'ran')!r}, 'w')\nclass Runs: ...")
    with pytest.raises(ModelUnusable, match="cannot load"):
        SentenceTransformerEmbedder(find_model(str(own_model)))
    assert not (own_model / "ran").exists()
