"""A line of our own making is as long as it says."""

from __future__ import annotations

from ipaddress import IPv4Interface
from pathlib import Path

from tests.lab.delay import DelayLine
from tests.lab.machine import Machine


def test_nothing_arrives_earlier_than_it_should_and_nothing_is_lost(directory: Path) -> None:
    ends = IPv4Interface("192.0.2.1/30"), IPv4Interface("192.0.2.2/30")
    with (
        Machine("here", directory / "here") as here,
        Machine("there", directory / "there") as there,
        DelayLine("far0", 0.02, (here, ends[0]), (there, ends[1])),
    ):
        told = here.run("ping", "-c", "20", "-i", "0.01", "-W", "5", str(ends[1].ip)).stdout
    assert " 0% packet loss" in told
    least = float(told.rpartition("= ")[2].split("/")[0])
    assert least >= 40


def test_an_end_that_is_down_for_a_while_ends_nothing(directory: Path) -> None:
    ends = IPv4Interface("192.0.2.1/30"), IPv4Interface("192.0.2.2/30")
    with (
        Machine("here", directory / "here") as here,
        Machine("there", directory / "there") as there,
        DelayLine("far0", 0.001, (here, ends[0]), (there, ends[1])),
    ):
        there.ip("link set dev far0 down\n")
        assert here.run("ping", "-c", "1", "-W", "1", str(ends[1].ip), check=False).returncode == 1
        there.ip("link set dev far0 up\n")
        here.run("ping", "-c", "1", "-W", "5", str(ends[1].ip))
