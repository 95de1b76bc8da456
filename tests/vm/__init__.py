"""The tests on the real kernel: guests that run Debian 13's Linux as a process of this machine (user-mode Linux).

``make test-vm`` prepares what they stand on (scripts/vm-root, scripts/vm-kernel) and calls ``python -m tests.vm``.
"""
