"""Measure recall, speed, memory and disk of an index that grows to a million chunks."""
