"""Deliberate faults, and the state of the index after them.

Required: whatever stops an ingest, damages a file or fails a system call, no commit is lost, no
answer is wrong, and all damage is reported. Each part makes one kind of fault many times, with
fixed seeds, and compares the index with one that was never disturbed:

    kills         SIGKILL at random moments of an ingest
    damage        bits flipped, bytes changed, files truncated or zeroed, closed or in use
    calls         write, fsync, rename and similar system calls failed one at a time
    full_disk     a file system that becomes full
    wal           many ingests of one file while a reader follows
    walk          a random walk over all operations on an index, compared with a dictionary
    together      several concurrent ingests, and readers during ingests
    commands      the `rag` command with the real model, killed and with failed calls

`make faults` runs all parts and prints the number of each; `make check` runs a share of each.
`make abuse` attacks a server (faults.abuse).
"""
