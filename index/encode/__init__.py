"""Models: find, compile and verify them, and encode texts with them."""
