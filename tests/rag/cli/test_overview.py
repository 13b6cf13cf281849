"""`rag info`: the contents of the index, against the store and the files; the model's runtime."""

import json
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from command import rag
from fakes import HashEmbedder
from index.documents.load import document_of
from index.encode.model_files import DEFAULT_MODEL
from index.ingest.ingest import ingest_documents
from index.ingest.remove import remove
from index.protocols import Embedder
from index.publish.snapshot import EmbeddedSnapshot
from index.types import Document
from rag.cli.overview import overview
from rag.cli.print_results import size
from rag.settings import Settings
from terminal import in_a_terminal, plain_lines


def files_under(folder: Path, prefix: str) -> int:
    return sum(
        (Path(where) / name).stat().st_size
        for where, _, names in os.walk(folder)
        for name in names
        if (Path(where) / name).relative_to(folder).as_posix().startswith(prefix)
    )


def test_it_reports_the_contents_of_the_index(seeds_index: Path, embedder: Embedder) -> None:
    found = overview(Settings(index=seeds_index))
    assert (found.n_documents, found.n_chunks, found.generation) == (1, 10, 1)
    assert found.model.name == embedder.fingerprint.name
    assert (found.model.precision, found.model.runtime, found.model.why) == (
        "int8",
        "onnxruntime",
        "",
    )
    assert found.model.least_cosine == pytest.approx(0.99, abs=0.01)
    assert (found.vectors.kind, found.vectors.n_vectors, found.vectors.n_lists) == ("exact", 10, 0)
    assert found.n_bytes["BM25"] == files_under(seeds_index, "lexical-")
    assert found.n_bytes["nearest vectors"] == files_under(seeds_index, "dense-")
    assert found.n_bytes["documents and vectors"] == (seeds_index / "rag.db").stat().st_size


def test_it_reports_the_size_of_the_log(tmp_path: Path) -> None:
    ingest_documents(tmp_path, [note("Aid was cut.")], HashEmbedder())
    assert overview(Settings(index=tmp_path)).n_bytes["log"] == 0
    with closing(EmbeddedSnapshot.open(tmp_path)):  # commits during this read stay in the log
        ingest_documents(tmp_path, [note("Aid was cut again.")], HashEmbedder())
        n_bytes = (tmp_path / "rag.db-wal").stat().st_size
        found = json.loads(rag("info", "--json", "--index", tmp_path).stdout)
        assert found["n_bytes"]["log"] == n_bytes > 0
        [line] = [
            line
            for line in rag("info", "--index", tmp_path).stdout.splitlines()
            if line.startswith("on disk")
        ]
    assert f", log {size(n_bytes)}, " in line


def note(text: str) -> Document:
    return document_of(text, "d", media_type="text/plain", name="d.txt")


def test_it_reports_why_another_library_runs_the_model(seeds_index: Path) -> None:
    model = overview(Settings(index=seeds_index, device="cuda")).model
    assert (model.runtime, model.why) == ("sentence-transformers", "the device is cuda")


def test_it_reports_a_model_that_is_not_compiled_yet(seeds_index: Path, tmp_path: Path) -> None:
    model = overview(Settings(index=seeds_index, cache_dir=tmp_path / "cache")).model
    assert (model.runtime, model.why) == (
        "onnxruntime",
        "not compiled yet; the next search or ingest compiles it",
    )
    assert (model.compiled, model.least_cosine) == ("", None)
    assert not (tmp_path / "cache").exists()


def test_it_reports_a_model_that_is_not_on_this_machine(tmp_path: Path) -> None:
    ingest_documents(
        tmp_path / "index",
        [document_of("Aid was cut.", "d", media_type="text/plain", name="d.txt")],
        HashEmbedder(),
    )
    model = overview(Settings(index=tmp_path / "index", cache_dir=tmp_path / "cache")).model
    assert model.runtime == "nothing"
    assert "names the model 'hash', which is not on this machine" in model.why
    assert (model.compiled, model.least_cosine) == ("", None)


def test_it_reports_another_model_of_the_same_name(
    tmp_path: Path,
) -> None:
    embedder = HashEmbedder()
    embedder.fingerprint = replace(embedder.fingerprint, name=DEFAULT_MODEL)
    document = document_of("Aid was cut.", "d", media_type="text/plain", name="d.txt")
    ingest_documents(tmp_path / "index", [document], embedder)
    model = overview(Settings(index=tmp_path / "index", cache_dir=tmp_path / "cache")).model
    assert (model.runtime, model.compiled) == ("nothing", "")
    assert "has this name, but the index was built with another" in model.why


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_it_reports_a_cache_that_others_can_change(seeds_index: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    done = rag("info", "--index", seeds_index, RAG_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0
    assert f"runs on  nothing ({tmp_path / 'cache'} can be written by other users" in done.stdout
    model = overview(Settings(index=seeds_index, cache_dir=tmp_path / "cache")).model
    assert f"`chmod go-w {tmp_path / 'cache'}`" in model.why


def test_the_command_prints_it_as_text_and_as_json(seeds_index: Path) -> None:
    as_json = json.loads(rag("info", "--json", "--index", seeds_index).stdout)
    assert as_json == json.loads(overview(Settings(index=seeds_index)).model_dump_json())
    lines = rag("info", "--index", seeds_index).stdout.splitlines()
    assert lines[1] == "contents documents: 1, passages: 10"
    assert lines[2] == "model    all-MiniLM-L6-v2, int8, 384 dimensions, 256 tokens"
    assert lines[3].startswith("runs on  onnxruntime, compiled; cosine to the original at least")
    assert lines[4] == "vectors  10, searched exactly, 15.4 kB"


def test_on_a_terminal_its_lines_fit(seeds_index: Path) -> None:
    lines = plain_lines(in_a_terminal("info", "--index", str(seeds_index), columns=60))
    assert max(map(len, lines)) <= 60
    start = next(n for n, line in enumerate(lines) if line.startswith("on disk"))
    below = [line.removeprefix(" " * 9) for line in lines[start + 1 :] if line]
    assert below
    assert not any(line.startswith(" ") for line in below)
    whole = " ".join([lines[start], *below])
    assert whole == rag("info", "--index", seeds_index).stdout.splitlines()[-1]


def test_an_index_without_documents_has_no_size_per_passage(tmp_path: Path) -> None:
    ingest_documents(tmp_path, [note("Aid was cut.")], HashEmbedder())
    assert rag("info", "--index", tmp_path).stdout.endswith(" per passage\n")
    remove(tmp_path, ["d"])
    lines = rag("info", "--index", tmp_path).stdout.splitlines()
    assert lines[1] == "contents documents: 0, passages: 0"
    assert "per passage" not in lines[-1]


def test_a_missing_index_is_reported(tmp_path: Path) -> None:
    done = rag("info", "--index", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "create one with `rag ingest PATH`" in done.stderr


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 B"), (999, "999 B"), (23_500, "23.5 kB"), (1.2e9, "1.2 GB")]
)
def test_sizes_have_a_readable_unit(n: float, said: str) -> None:
    assert size(n) == said


def test_it_counts_the_documents_of_each_collection(tmp_path: Path) -> None:
    for name, collection in (("a", "news"), ("b", "news"), ("c", "")):
        metadata = {"collection": collection} if collection else {}
        document = replace(
            document_of("Text.", name, media_type="text/plain", name=name), metadata=metadata
        )
        ingest_documents(tmp_path, [document], HashEmbedder())
    assert overview(Settings(index=tmp_path)).collections == {"news": 2}
