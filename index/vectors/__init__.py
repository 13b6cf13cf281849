"""Nearest vectors by FAISS, derived from the store."""
