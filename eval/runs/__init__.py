"""A dataset's questions put to the service, and files of what came back."""
