"""Watched questions: stored with their answers, and asked again after each change of the index."""
