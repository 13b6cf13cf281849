"""Files and folders on the disk: locks, access rights, ownership, checksums, errors."""
