"""Barkive names the breed of the dog in a photo."""

__version__ = "0.1.0"
