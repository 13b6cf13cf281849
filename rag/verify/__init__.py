"""Check citations against documents: whether a quote is still there, has moved, or has changed."""
