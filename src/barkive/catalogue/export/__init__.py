"""The forms in which the catalogue can be taken out; one module each, and `run` for all."""
