"""What is done with runs: comparison, the gate, ablation, tuning, calibration."""
