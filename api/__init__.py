"""Cited passages over HTTP: the JSON interface, its problems, and the command that serves it."""
