"""Photos that resemble each other: feature vectors, their indexes, and duplicates."""
