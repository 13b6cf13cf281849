"""Run a dataset's questions through the service; read and write run files."""
