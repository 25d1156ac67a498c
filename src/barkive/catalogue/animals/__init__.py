"""Animals: each with its photos, one breed from all of them, and the history of what people did."""
