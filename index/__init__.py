"""Text to searchable chunks: load, chunk, embed, store, and keep FAISS and BM25 in step with it."""

import os
import sys

# Products here are small, and many threads make some at once: numpy's own threads would only get in
# their way. The variable is read when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if "numpy" in sys.modules:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
