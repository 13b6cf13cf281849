"""Faults made on purpose, and what the index is after them.

The promise: whatever ends an ingest, damages a file or fails a system call, nothing that was
committed is lost, no answer is wrong, and no damage is silent. Each part makes one kind of fault
many times, with fixed seeds, and compares the index with one that was never disturbed:

    kills         SIGKILL at random instants of an ingest
    damage        bits flipped, bytes changed, files cut and filled with zeros, at rest and in use
    calls         write, fsync, rename and others of their kind failed one at a time
    full_disk     a file system that runs full
    wal           many ingests of one file while a reader follows
    walk          a random walk over all that can be done to an index, against a dictionary
    together      several ingests at once, and readers during ingests
    commands      the `rag` command with the real model, killed and with calls failed

`make faults` runs them all and prints how often each was made; `make check` runs a part of each.
`make abuse` attacks a server (faults.abuse).
"""
