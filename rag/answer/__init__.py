"""Make answers from ranked passages: sentences, highlights, citations, confidence, explanations."""
