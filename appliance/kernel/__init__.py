"""The only code that talks to Linux: observe → diff → apply, one file per subsystem."""
