"""Calibrations written by hand, as files for `Pipeline` and RAG_CALIBRATION."""

from pathlib import Path

from index.protocols import Embedder
from rag.answer.confidence import Calibration, Weight


def calibration(folder: Path, embedder: Embedder, threshold: float, **weights: Weight) -> Path:
    """A calibration file for this model; without weights every question has confidence 0.5."""
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
