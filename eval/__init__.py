"""Known questions against the service's answers: datasets, measures, runs."""
