"""BM25 with tantivy, derived from the store, and the analysis of text into terms."""
