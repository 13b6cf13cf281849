"""Text to searchable chunks: load, chunk, embed, store, and keep FAISS and BM25 in step with it."""
