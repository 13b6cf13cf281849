"""Fixtures of several test files: the real model, loaded once, and an index of the seed article."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from index.ingest.ingest import ingest
from index.protocols import Embedder
from rag.models.load import load_model
from rag.settings import Settings

# The same examples in every run, also on a slow machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# A run in the background (nohup) ignores Ctrl-C, and its child processes would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def _compiled_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cache of compiled models of this run. Processes that tests start use it too, and so do
    all workers of pytest-xdist: their folders have the same parent."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    cache = folder / "model-cache"
    cache.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAG_CACHE_DIR", str(cache))
        yield


@pytest.fixture(scope="session")
def embedder(_compiled_models: None) -> Embedder:
    """The default model, loaded as users load it."""
    return load_model(Settings())


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """An index of seeds/; tests must not change it."""
    folder = tmp_path_factory.mktemp("seeds") / "index"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        ingest(folder, [Path("seeds")], lambda: embedder)
    return folder
