"""The pages, rendered on the server: each works without script, and is quicker with it."""
