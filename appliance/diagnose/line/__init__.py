"""What kind of line is this? Frames that ask, frames that answer, a verdict in words, and the probe that does it."""
