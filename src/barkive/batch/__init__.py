"""Scans on more than one machine. The only part of Barkive that knows Ray."""
