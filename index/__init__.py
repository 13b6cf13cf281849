"""Make text searchable: load, chunk, encode and store it, and update FAISS and BM25."""

import os
import sys

# Matrix products here are small, and many threads compute some at the same time. More threads per
# product would slow them down. numpy reads the variable on import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if "numpy" in sys.modules:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
