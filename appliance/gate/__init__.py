"""Certificate-pinned TLS: proving engines, permitting their addresses, and the gate that terminates TLS.

`profile`, `faults` and `reasons` are shared. `prove` makes one proof. `permissions` decides, purely,
what a proof allows and for how long; `messages` are its events and commands. `reset` ends forwarded connections at
once. `core` decides, purely, about one connection through the gate process (``python -m appliance.gate``), whose
thin shell is `server`, `service`, `relay`, `link`, `loop` and `channel`; `client` and `config` are how the daemon
speaks with it.

Nothing that the gate process imports may import cryptography or pydantic: they would double its memory.
"""
