"""Measures of a run, and whether two runs differ by more than chance."""
