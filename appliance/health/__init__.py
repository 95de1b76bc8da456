"""Pure: evidence in, lights with cause and advice out."""
