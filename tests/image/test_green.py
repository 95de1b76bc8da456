"""A router from its box in a clinic: manufactured, set up from a stick in it, green; and again after a power cut."""

from __future__ import annotations

import re

from tests.image.clinic import NAME
from tests.image.updated import Updated


def test_the_factory_s_stick_has_the_label(updated: Updated) -> None:
    serial = re.search(r"label-(.+)\.pdf", " ".join(updated.first_day.names))
    assert serial
    assert serial[1] in updated.first_day.printed


def test_nobody_hears_of_it_before_it_is_set_up(updated: Updated) -> None:
    assert "接続アカウントが登録されていません" in updated.first_day.page
    assert updated.first_day.leads == f"https://{NAME}/"
    assert "the data partition is not encrypted" in updated.first_day.said
    assert updated.first_day.frames == ()


def test_debian_s_kernel_has_what_carries_packets(updated: Updated) -> None:
    """Tunnels of its own, and the fast path, which has been tried with real packets there."""
    told = updated.metrics.splitlines()
    assert "sekisho_fast_path 1.0" in told
    for tunnel in ("dc1", "dc2"):
        assert f'sekisho_tunnel_path_up{{tunnel="{tunnel}"}} 1.0' in told


def test_it_is_green_again_after_a_power_cut_without_a_battery_for_its_clock(updated: Updated) -> None:
    told = re.search(r"the lights are green after ([0-9.]+) s", updated.again)
    assert told
    print(f"from power to green lights: {updated.power_to_green:.0f} s, of which {told[1]} s by the kernel's clock")
    assert re.search(r"/var /dev/vda\d+, start 2\n", updated.again.replace("\r", ""))
    assert "Sekisho: failed:" not in updated.again
