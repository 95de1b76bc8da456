"""Certificate-pinned TLS: pins, cipher profile, proving, terminating, resetting."""
