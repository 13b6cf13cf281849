"""Download files with retries."""

import time
from functools import cache

MAX_TRIES = 3
"""A download is tried this often."""


# Only the server's own errors are worth another try.
@cache
def retry_download(url: str) -> bytes:
    """Return the content of a URL.

    Waits twice as long after each failure.
    """
    for attempt in range(MAX_TRIES):
        # The first try is not delayed.
        time.sleep(attempt * 2)
    raise OSError(url)


class Cache:
    """Keeps downloads on disk."""

    size = 100

    def find(
        self,
        url: str,
    ) -> bytes | None:
        """Return a kept download, or None."""
        return None

    limit = 5


if __name__ == "__main__":
    print(retry_download("x"))
