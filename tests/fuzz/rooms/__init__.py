"""The targets, one file for each room of the house."""
