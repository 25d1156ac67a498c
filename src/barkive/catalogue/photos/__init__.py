"""A photo's file: read once, and known again by its picture."""
