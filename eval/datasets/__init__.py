"""Read evaluation sets from their files."""
