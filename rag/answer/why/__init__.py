"""Why a question did not get the passage that a person expected."""
