"""Scans: from sources to rows of the catalogue."""
