"""Benchmarks of speed, memory and disk, against peer systems and against the bare model."""
