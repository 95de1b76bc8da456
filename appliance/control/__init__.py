"""The daemon that wires the rooms, and its local API on a unix socket."""
