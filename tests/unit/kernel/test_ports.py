from __future__ import annotations

import subprocess

import pytest

from appliance.kernel import ports


@pytest.mark.isolated
def test_the_ports_are_those_that_a_cable_goes_into() -> None:
    batch = """
link add lan0 address 02:00:00:00:01:01 type veth peer name far0
link add sk-dc1 type bridge
link add ours type bridge
link set lan0 up
link set far0 up
link set far0 down
"""
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True, timeout=20)
    found = {port.name: port for port in ports.observe()}
    assert found.keys() == {"lan0", "far0"}
    assert found["lan0"].mac == "02:00:00:00:01:01"
    assert found["lan0"].linked is False
    assert found["far0"].linked is None
    subprocess.run(["ip", "link", "set", "far0", "up"], check=True, timeout=20)
    assert {port.name: port.linked for port in ports.observe()} == {"lan0": True, "far0": True}
