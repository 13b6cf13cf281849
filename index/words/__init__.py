"""BM25 by tantivy, derived from the store, and the analysis of text into terms."""
