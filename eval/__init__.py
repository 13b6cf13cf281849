"""Measure how well the service answers questions with known answers."""
