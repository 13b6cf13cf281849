"""Convert file bytes to documents, and documents to chunks: decoding, blocks, sentences, spans."""
