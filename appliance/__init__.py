"""Sekisho: the software of the router between a clinic and its hosted receipt engine."""

__version__ = "0.1.0"
