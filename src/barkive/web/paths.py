"""Paths as text: a file's name may be bytes that are no text, and an answer may not."""

from __future__ import annotations


def printable(path: str) -> str:
    """A path as text; bytes that are no text are escaped."""
    return path.encode("utf-8", "backslashreplace").decode()


def is_text(path: str) -> bool:
    """Whether a path can stand in an address as it is."""
    return path == printable(path)
