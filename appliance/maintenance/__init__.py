"""Remote maintenance: what the clinic has opened, to whom, for how long, and who came. Pure."""
