"""Writes what a run found, one module a format; each has ``write(report, stream)``."""

FORMATS = ("text", "json")
"""The formats, which are the names of the modules."""
