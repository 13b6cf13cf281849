"""Explain why a search did not return the passage that a user expected."""
