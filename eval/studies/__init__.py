"""Studies that use runs: comparison, gate, ablation, tuning, calibration, random signs."""
