"""Loading of the models that the settings or an index name, and encoding of questions."""
