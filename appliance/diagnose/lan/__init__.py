"""Who and what is on the clinic's wires."""
