"""An index grown to a million chunks: recall, speed, memory and disk at each size."""
