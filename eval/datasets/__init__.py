"""Evaluation sets, read from their files."""
