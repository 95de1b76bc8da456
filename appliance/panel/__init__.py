"""The machine's own lamps and its reset button: a client of the local API, in a process of its own."""
