"""Calibrations made by hand, in files, as `Pipeline` and RAG_CALIBRATION take them."""

from pathlib import Path

from index.protocols import Embedder
from rag.answer.confidence import Calibration, Weight


def calibration(folder: Path, embedder: Embedder, threshold: float, **weights: Weight) -> Path:
    """A file for this model; without weights every question has a confidence of one half."""
    path = folder / f"calibration-{threshold}.json"
    calibration = Calibration(
        model=embedder.fingerprint.weights,
        fitted_on="nothing",
        n_questions=0,
        threshold=threshold,
        intercept=0.0,
        weights=weights,
    )
    path.write_text(calibration.to_json(), encoding="utf-8")
    return path
