"""The tables of an index's database.

Size of an English chunk of 151 tokens and 5 sentences with the default model (384 dimensions):
15.1 kB of token vectors (100 bytes per token), 2.4 kB of vectors (388 bytes each: one for the
chunk, one per sentence), 40 bytes of sentence spans, 85 bytes of other columns and 71 bytes in the
indexes. With unused space in pages the total is 19.3 kB. Pages larger than SQLite's 4 kB waste
more space: with 16 kB pages the total is 21.4 kB.
"""

VERSION = 8
"""Increase it when a table or the encoding of a column changes. A database of another version is
refused."""

# Checksums are from index.store.checksums. places_sum covers headings, pages and places. ids_sum
# covers the ids of a document's chunks, in chunk order. own_sum covers a chunk's own vector;
# all_sum covers that vector and its sentences' vectors. Every other checksum covers the columns
# before it; chunk_sum also covers the doc_id. Each chunk has a row in token_vectors; the blob is
# empty if the chunk has no token vectors.
#
# A document's row is written after its chunks, because it stores their number. The previous version
# of the document stays until then, so that new chunks can reuse its encodings. `vectors` is the
# last column: SQLite reads a row from its start and stops after the last column it needs.
TABLES = """
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    sum   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE generations (
    generation  INTEGER PRIMARY KEY,
    token       TEXT NOT NULL,
    n_documents INTEGER NOT NULL,
    n_chunks    INTEGER NOT NULL,
    sum         INTEGER NOT NULL
);
CREATE TABLE documents (
    document   INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_id     TEXT NOT NULL UNIQUE,
    path       TEXT UNIQUE,
    source     TEXT NOT NULL,
    title      TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    n_chars    INTEGER NOT NULL,
    n_chunks   INTEGER NOT NULL,
    metadata   TEXT NOT NULL,
    file_version TEXT,
    ids_sum    INTEGER NOT NULL,
    document_sum    INTEGER NOT NULL,
    headings   TEXT NOT NULL,
    pages      TEXT NOT NULL,
    places     TEXT NOT NULL,
    places_sum INTEGER NOT NULL,
    text       TEXT NOT NULL
);
CREATE TABLE chunks (
    chunk_id   INTEGER PRIMARY KEY,
    document   INTEGER NOT NULL
               REFERENCES documents ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ordinal    INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    end        INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    generation INTEGER NOT NULL,
    sentences  BLOB NOT NULL,
    contents_list INTEGER NOT NULL,
    own_sum    INTEGER NOT NULL,
    all_sum    INTEGER NOT NULL,
    chunk_sum  INTEGER NOT NULL,
    vectors    BLOB NOT NULL
);
CREATE TABLE token_vectors (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
    sum      INTEGER NOT NULL,
    tokens   BLOB NOT NULL
);
CREATE UNIQUE INDEX chunks_of_document ON chunks (document, ordinal);
CREATE INDEX chunks_by_generation ON chunks (generation);
CREATE INDEX chunks_by_digest ON chunks (digest, generation);
CREATE INDEX contents_lists ON chunks (chunk_id) WHERE contents_list = 1;
CREATE TABLE tombstones (chunk_id INTEGER NOT NULL, generation INTEGER NOT NULL);
CREATE INDEX tombstones_by_generation ON tombstones (generation);
"""
