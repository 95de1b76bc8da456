"""Certificate-pinned TLS: proving engines, permitting their addresses, and the gate that terminates TLS.

`pins`, `profile`, `faults` and `reasons` are shared. `prove` makes one proof. `permissions` decides, purely,
what a proof allows and for how long. `core` decides, purely, about one connection through the gate process
(``python -m appliance.gate``), whose thin shell is `server`, `relay`, `loop` and `channel`; `client` is how
the daemon speaks with it. `reset` ends forwarded connections at once.

Nothing that the gate process imports may import cryptography or pydantic: they would double its memory.
"""
