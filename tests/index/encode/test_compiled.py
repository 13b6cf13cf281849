"""Compiled models: verified, cached, compiled once, recompiled if damaged, and without torch."""

import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command import ROOT
from index.disk.locks import held
from index.disk.sealed_json import sealed
from index.encode.compile import MANIFEST, CompiledManifest, CompiledModels
from index.encode.model_files import DEFAULT_MODEL, ModelFolder, find_model
from index.encode.onnx_embedder import MODEL_FILE, OnnxEmbedder
from index.encode.torch_embedder import SentenceTransformerEmbedder
from index.encode.verify import least_cosine
from index.errors import IndexBusy, ModelUnusable
from index.protocols import Embedder
from index.types import Span
from rag.models.load import load_model, load_model_of
from rag.settings import Settings

TEXT = "Aid was cut. The economy collapsed within a year, and nobody was surprised."
SENTENCES = [Span(0, 12), Span(13, len(TEXT))]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the default model in int8."""
    folder = tmp_path_factory.mktemp("cache")
    CompiledModels(folder).compile(find_model(), "int8")
    return folder


@pytest.fixture
def own_cache(cache: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests that damage it."""
    return Path(shutil.copytree(cache, tmp_path / "cache"))


def folder_in(cache: Path) -> Path:
    (manifest,) = (cache / "models").glob(f"*/{MANIFEST}")
    return manifest.parent


def manifest_in(cache: Path) -> CompiledManifest:
    found = CompiledModels(cache).find(find_model().digest, "int8")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def int8(cache: Path) -> OnnxEmbedder:
    return CompiledModels(cache).load(manifest_in(cache), DEFAULT_MODEL)


@pytest.fixture(scope="module")
def original() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(find_model())


def test_int8_vectors_are_near_the_original_and_the_manifest_has_the_cosine(
    cache: Path, int8: OnnxEmbedder, original: Embedder
) -> None:
    measured = least_cosine(original, int8)
    assert 0.98 < measured < 0.9999
    assert measured == pytest.approx(manifest_in(cache).least_cosine, abs=1e-3)
    assert int8.fingerprint == replace(original.fingerprint, precision="int8")


def test_a_texts_vectors_do_not_depend_on_the_other_texts(int8: OnnxEmbedder) -> None:
    texts = [TEXT, "River.", TEXT * 5, "Ünïcödé 👩‍👩‍👧", TEXT]
    together = int8.encode(texts, [[Span(0, len(text))] for text in texts])
    for text, made in zip(texts, together, strict=True):
        (alone,) = int8.encode([text], [[Span(0, len(text))]])
        np.testing.assert_array_equal(made.vector, alone.vector)
        np.testing.assert_array_equal(made.tokens.codes, alone.tokens.codes)
    queries = int8.encode_queries(texts)
    for text, query in zip(texts, queries, strict=True):
        np.testing.assert_allclose(query.vector, int8.encode_query(text).vector, atol=2e-6)


def test_any_number_of_threads_gives_the_same_vectors(cache: Path) -> None:
    models, manifest = CompiledModels(cache), manifest_in(cache)
    one, three = (models.load(manifest, DEFAULT_MODEL, n) for n in (1, 3))
    (a,), (b,) = (each.encode([TEXT], [SENTENCES]) for each in (one, three))
    np.testing.assert_array_equal(a.sentence_vectors, b.sentence_vectors)


def test_a_compiled_model_is_used_without_torch(cache: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from index.encode.compile import CompiledModels\n"
        "from index.ingest.ingest import ingest\n"
        f"models = CompiledModels(Path({str(cache)!r}))\n"
        f"manifest = models.find({find_model().digest!r}, 'int8')\n"
        "embedder = models.load(manifest, 'any')\n"
        "ingest(Path('index'), [Path('seeds')], lambda: embedder)\n"
        "print(embedder.encode_query('aid').vector.shape)\n"
        "print(*{'torch', 'transformers', 'sentence_transformers', 'onnx'} & sys.modules.keys())\n"
    )
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(384,)", ""]


@pytest.mark.parametrize("name", [MODEL_FILE, MANIFEST])
def test_a_flipped_bit_is_detected(
    own_cache: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = folder_in(own_cache) / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert CompiledModels(own_cache).find(find_model().digest, "int8") is None
    assert f"{name} is damaged; compiling the model again" in caplog.text


def test_a_damaged_model_is_compiled_again(own_cache: Path) -> None:
    before = manifest_in(own_cache)
    (folder_in(own_cache) / MODEL_FILE).write_bytes(b"")
    made = CompiledModels(own_cache).compile(find_model(), "int8")
    assert (made.fingerprint, made.failure) == (before.fingerprint, "")
    assert manifest_in(own_cache) == made


def test_a_model_of_another_onnxruntime_version_is_outdated(own_cache: Path) -> None:
    file = folder_in(own_cache) / MANIFEST
    fields = json.loads(file.read_text())
    fields["runtime"] = "0.1"
    fields.pop("sha256")
    file.write_text(sealed(fields))
    assert CompiledModels(own_cache).find(find_model().digest, "int8") is None


def test_two_processes_compile_a_model_once(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from index.encode.compile import CompiledModels\n"
        "from index.encode.model_files import find_model\n"
        "CompiledModels(Path(sys.argv[1])).compile(find_model(), 'fp32')\n"
        "print('torch' in sys.modules)\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    printed = [process.communicate()[0].strip() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert sorted(printed) == ["False", "True"]
    assert len(list((tmp_path / "models").iterdir())) == 2, "the model and its lock"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_compiled_models_are_private_to_the_user(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        CompiledModels(tmp_path / "other").compile(find_model(), "int8")
    finally:
        os.umask(old)
    for path in (tmp_path / "other", *(tmp_path / "other").rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o020, 0o002])
@pytest.mark.parametrize("part", ["", "models", "models/{name}", f"models/{{name}}/{MODEL_FILE}"])
def test_a_compiled_model_that_others_can_change_is_refused(
    own_cache: Path, part: str, mode: int
) -> None:
    path = own_cache / part.format(name=folder_in(own_cache).name)
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(ModelUnusable, match=rf"{path} can be .*`chmod go-w {path}`.*RAG_CACHE_DIR"):
        load_model(Settings(cache_dir=own_cache))
    path.chmod(path.stat().st_mode & ~0o022)
    assert isinstance(load_model(Settings(cache_dir=own_cache)), OnnxEmbedder)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_nothing_is_compiled_into_a_cache_that_others_can_change(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(ModelUnusable, match="can be written by other users"):
        CompiledModels(tmp_path / "cache").compile(find_model(), "int8")
    assert list(tmp_path.rglob("*.onnx")) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_cache_that_others_can_read_is_used_whatever_its_parent_folders(own_cache: Path) -> None:
    own_cache.parent.chmod(0o1777)
    for path in (own_cache, *own_cache.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert manifest_in(own_cache).failure == ""


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root gives folders to other users"
)
def test_another_users_compiled_model_is_refused(own_cache: Path) -> None:
    os.chown(folder_in(own_cache), 12345, -1)
    with pytest.raises(ModelUnusable, match=r"belongs to another user \(uid 12345\)"):
        load_model(Settings(cache_dir=own_cache))


def test_only_compiled_files_are_removed(own_cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = folder_in(own_cache)
    draft = folder.with_suffix(".draft")
    draft.mkdir()
    (draft / "exported.onnx").write_text("of a process that was killed")
    for each in (folder, draft):
        (each / "notes.txt").write_text("mine")
    (folder / MODEL_FILE).write_bytes(b"")
    made = CompiledModels(own_cache).compile(find_model(), "int8")
    assert manifest_in(own_cache) == made
    assert [path.name for path in draft.iterdir()] == ["notes.txt"]
    assert {path.name for path in folder.iterdir()} == {*made.files, MANIFEST, "notes.txt"}
    assert f"{folder / 'notes.txt'} was not written by this program and is kept" in caplog.text
    assert f"{draft / 'notes.txt'} was not written by this program and is kept" in caplog.text


def test_the_target_of_a_link_is_not_removed(own_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / MODEL_FILE).write_text("mine")
    folder = folder_in(own_cache)
    (folder / MANIFEST).unlink()
    folder.with_suffix(".draft").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelUnusable, match="is a link that this program did not create"):
        CompiledModels(own_cache).compile(find_model(), "int8")
    assert (tmp_path / "elsewhere" / MODEL_FILE).read_text() == "mine"


@pytest.mark.parametrize("weights", ["../../../../../tmp/evil", "0" * 32, "g" * 64])
def test_an_index_cannot_refer_to_a_path_outside_the_cache(tmp_path: Path, weights: str) -> None:
    with pytest.raises(ModelUnusable, match="the index has an invalid model"):
        CompiledModels(tmp_path).find(weights, "int8")
    with pytest.raises(ModelUnusable, match="the index has an invalid model"):
        CompiledModels(tmp_path).find("0" * 64, "int8/../x")  # type: ignore[arg-type]


def test_waiting_for_another_compiling_process_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.encode.compiled_cache.LONGEST_WAIT_S", 0.05)
    models, model = CompiledModels(tmp_path), find_model()
    lock = models.folder(model.digest, "int8").with_suffix(".lock")
    (tmp_path / "models").mkdir(mode=0o700)
    with (
        held(lock, "unused", 1),
        pytest.raises(IndexBusy, match=rf"compiling {DEFAULT_MODEL} \(process {os.getpid()} on "),
    ):
        models.compile(model, "int8")


@pytest.fixture
def unexportable(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's exporter fails."""
    import torch

    def refuse(*_: object, **__: object) -> None:
        raise torch.onnx.errors.UnsupportedOperatorError("aten::unheard_of", 17, None)

    monkeypatch.setattr(torch.onnx, "export", refuse)


@pytest.mark.usefixtures("unexportable")
def test_a_model_that_cannot_be_exported_runs_through_sentence_transformers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(cache_dir=tmp_path)
    embedder = load_model(settings)
    assert isinstance(embedder, SentenceTransformerEmbedder)
    assert embedder.fingerprint.precision == "fp32"
    assert "runs through sentence-transformers: all-MiniLM-L6-v2 cannot be exported" in caplog.text
    with pytest.raises(ModelUnusable, match=r"is not available in int8: .*`--precision fp32`"):
        load_model(Settings(cache_dir=tmp_path, precision="int8"))


@pytest.mark.usefixtures("unexportable")
def test_a_failed_export_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = CompiledModels(tmp_path)
    failure = models.compile(find_model(), "fp32").failure
    assert "cannot be exported to ONNX" in failure
    monkeypatch.undo()
    assert models.compile(find_model(), "fp32").failure == failure


def test_a_read_only_cache_costs_only_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    embedder = load_model(Settings(cache_dir=tmp_path / "file"))
    assert isinstance(embedder, SentenceTransformerEmbedder)
    assert "RAG_CACHE_DIR" in caplog.text


def test_a_torch_device_runs_the_original() -> None:
    with pytest.raises(ModelUnusable, match="on cuda:7"):
        load_model(Settings(device="cuda:7"))
    with pytest.raises(ModelUnusable, match="only the cpu can run compiled models"):
        load_model(Settings(device="cuda:7", precision="int8"))


def test_a_compiled_model_has_the_name_that_it_is_loaded_by(
    cache: Path, tmp_path: Path, int8: OnnxEmbedder
) -> None:
    copied = Path(shutil.copytree(find_model().path, tmp_path / "mine"))
    embedder = load_model(Settings(cache_dir=cache, model=str(copied)))
    assert isinstance(embedder, OnnxEmbedder)
    assert embedder.fingerprint == replace(int8.fingerprint, name=str(copied))


def test_an_index_gets_the_model_and_precision_that_it_was_built_with(
    cache: Path, int8: OnnxEmbedder, original: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(_: str) -> ModelFolder:
        raise AssertionError("the original's files were read")

    monkeypatch.setattr("rag.models.load.find_model", lost)
    monkeypatch.setattr("rag.models.load.find_local_model", lost)
    settings = Settings(cache_dir=cache)
    assert load_model_of(int8.fingerprint, settings).fingerprint == int8.fingerprint
    with pytest.raises(AssertionError):
        load_model_of(original.fingerprint, settings)


def test_onnxruntime_stores_no_information_about_the_machine(cache: Path, tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from index.encode.compile import CompiledModels\n"
        f"models = CompiledModels(Path({str(cache)!r}))\n"
        f"manifest = models.find({find_model().digest!r}, 'int8')\n"
        "models.load(manifest, 'any').encode_query('aid')\n"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_text_longer_than_the_window_is_refused(int8: OnnxEmbedder) -> None:
    with pytest.raises(ModelUnusable, match="a text has 300 tokens; the model reads 254"):
        int8.encode(["a " * 300], [[Span(0, 600)]])


@pytest.mark.parametrize("text", ["a", "?", "\u200b", "word " * 400])
def test_a_query_of_any_length_has_a_vector(int8: OnnxEmbedder, text: str) -> None:
    made = int8.encode_query(text)
    assert float(np.linalg.norm(made.vector)) == pytest.approx(1, abs=1e-5)
    assert len(made.token_vectors) == len(made.offsets)
