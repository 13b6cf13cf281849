"""A question to ranked passages: candidates, scores, filters, late interaction."""
