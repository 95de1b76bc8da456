"""Packets as they pass, for a vendor to look at."""
