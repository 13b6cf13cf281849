"""The loaders, one module per format. index.documents.formats lists them."""
