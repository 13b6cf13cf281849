"""Nearest-neighbour search with FAISS, derived from the store."""
