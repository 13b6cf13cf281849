"""Measures of a run, and tests of the difference between two runs."""
