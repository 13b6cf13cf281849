"""The tables of an index's database.

What an English chunk of 151 tokens and 5 sentences takes with the default model's 384 dimensions:
15.1 kB of token vectors (100 bytes a token), 2.4 kB of vectors (388 bytes each, its own and its
sentences'), 40 bytes of sentence spans, 85 of other columns and 71 in the indexes. With what pages
leave free that is 19.3 kB; larger pages than SQLite's 4 kB leave more free (21.4 kB at 16 kB).
"""

VERSION = 6
"""Raised whenever a table, or the code of what is in one, changes; a database of another version is
refused."""

# Sums are index.store.checksums': places_sum of headings and pages; ids_sum of the ids of a
# document's chunks in their order; own_sum of a chunk's own vector, all_sum of that and its
# sentences'; the others of the columns before them, and chunk_sum of the doc_id too. Each chunk has
# a row in token_vectors, empty if it has none.
#
# A document's row is written after its chunks: it says how many they are, and until then its former
# self stays, whose encodings they may take over. `vectors` comes last: SQLite reads a row from its
# beginning, and stops where it has enough.
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
CREATE TABLE tombstones (chunk_id INTEGER NOT NULL, generation INTEGER NOT NULL);
CREATE INDEX tombstones_by_generation ON tombstones (generation);
"""
