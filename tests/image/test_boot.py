"""The factory's disk in a machine in setup mode: it comes up by itself, and nobody gets in beside it."""

from __future__ import annotations

import re

from tests.image.emulated import Emulated

_A_WAY_IN = (
    # A unit and an addition to one, as systemd.system-credentials(7) would take them from whoever holds the machine.
    "io.systemd.credential:systemd.extra-unit.rescue-me.service=[Service]\\nExecStart=/bin/sh",
    "io.systemd.credential:systemd.unit-dropin.sysinit.target=[Unit]\\nWants=rescue-me.service",
)


def test_with_a_tpm() -> None:
    with Emulated("boot-tpm", tpm=True, credentials=_A_WAY_IN) as machine:
        machine.await_word(", start 1")
        # The TPM, and nobody else, opens what it has locked.
        machine.cut_power()
        machine.switch_on()
        machine.await_word(", start 2")
        told = machine.said()
    assert re.search(r"Sekisho [0-9.]+ is running after [0-9.]+ s: Secure Boot 1, lockdown none \[integrity\]", told)
    assert told.count("/ /dev/mapper/root squashfs ro, /var /dev/mapper/data, start ") == 2
    assert "is not encrypted" not in told
    assert "Sekisho: failed:" not in told
    assert "rescue-me" not in told
    assert "login:" not in told
