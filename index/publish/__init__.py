"""Generations: update FAISS and BM25 from the store, publish them, and open them for search."""
