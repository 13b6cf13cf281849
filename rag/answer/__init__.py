"""Ranked passages to answers: sentences, highlights, citations, confidence, explanations."""
