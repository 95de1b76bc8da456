"""The machine as its maker built it: which profile it is, and what that says of ports, lamps, buttons and modules."""
