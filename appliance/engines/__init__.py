"""The daemons that we configure and watch: render, check, reload."""
