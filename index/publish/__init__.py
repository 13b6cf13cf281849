"""Generations: FAISS and BM25 brought up to the store, published, and opened to be searched."""
