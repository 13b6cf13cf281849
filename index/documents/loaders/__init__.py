"""The loaders, a module a format; index.documents.formats says which there are."""
