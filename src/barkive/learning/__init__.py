"""Teaches a bundle what people said of photos: new rows for its head, from features alone."""
