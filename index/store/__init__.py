"""The database: documents, chunks and vectors in SQLite, each row with its checksum."""
