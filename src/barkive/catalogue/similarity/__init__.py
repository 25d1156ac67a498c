"""Photos that resemble each other: embeddings, their indexes, and duplicates."""
