"""The models that the settings or an index name, loaded to encode questions."""
