"""Changes of documents over HTTP: uploads, the queue of changes, and jobs."""
