"""Which tunnel carries: sans-I/O fail-over policy, endpoints, probes."""
