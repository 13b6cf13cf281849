"""What several test files share: the real model, loaded once, and an index of the seed article."""

from pathlib import Path

import pytest
from hypothesis import settings

from index.embed import SentenceTransformerEmbedder, load_embedder
from index.models import find_model
from index.sync import ingest

# The same examples in every run, however slow the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    """The default model."""
    return load_embedder(find_model())


@pytest.fixture(scope="session")
def seeds_index(
    tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder
) -> Path:
    """An index of seeds/; for reading only."""
    folder = tmp_path_factory.mktemp("seeds") / "index"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        ingest(folder, [Path("seeds")], lambda: embedder)
    return folder
