"""Cables can be pulled, lose packets in silence in one direction, and be listened to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.machine import Machine
from tests.lab.traces import host_interfaces
from tests.lab.waiting import until
from tests.lab.wires import Cabinet, Capture, Direction, Link

pytestmark = pytest.mark.namespaces


class Pair:
    """Two machines on one switch."""

    def __init__(self, directory: Path) -> None:
        self.cabinet = Cabinet(directory / "cabinet")
        self.left = Machine("left", directory / "left")
        self.right = Machine("right", directory / "right")
        self.link: Link = self.cabinet.plug(self.left, "eth0", "lan", "02:00:00:00:00:01")
        self.cabinet.plug(self.right, "eth0", "lan")
        self.left.ip("address add 192.0.2.1/24 dev eth0\n")
        self.right.ip("address add 192.0.2.2/24 dev eth0\n")

    def ping(self) -> bool:
        return self.left.run("ping", "-c1", "-W1", "192.0.2.2", check=False).returncode == 0

    def close(self) -> None:
        for machine in (self.left, self.right):
            machine.close()
        self.cabinet.close()


@pytest.fixture
def pair(directory: Path) -> Iterator[Pair]:
    pair = Pair(directory)
    yield pair
    pair.close()


def test_a_cable_connects_and_the_host_sees_no_interface(pair: Pair) -> None:
    until(pair.ping, "the cable connects")
    assert "02:00:00:00:00:01" in pair.left.run("ip", "link", "show", "eth0").stdout
    assert not {"eth0-left", "lan-left", "lan-right"} & host_interfaces()


def test_a_pulled_cable_takes_the_carrier_away(pair: Pair) -> None:
    pair.link.unplug()
    assert "NO-CARRIER" in pair.left.run("ip", "link", "show", "eth0").stdout
    assert not pair.ping()
    pair.link.replug()
    until(pair.ping, "the link is back")


def test_a_cut_is_silent_and_can_be_one_way(pair: Pair) -> None:
    assert pair.ping()
    pair.link.cut(Direction.TO_MACHINE)
    assert "NO-CARRIER" not in pair.left.run("ip", "link", "show", "eth0").stdout
    with_capture = Capture(pair.right, "eth0", "icmp")
    assert not pair.ping()
    with_capture.stop()
    # The question arrives and is answered; the answer is lost.
    assert with_capture.count("icmp[icmptype] == icmp-echo") == 1
    assert with_capture.count("icmp[icmptype] == icmp-echoreply") == 1
    pair.link.mend()
    assert pair.ping()


def test_a_cut_can_hit_one_kind_of_packet(pair: Pair) -> None:
    pair.link.cut(match="udp dport 51820")
    assert pair.ping()
    pair.link.cut(match="icmp type echo-request")
    assert not pair.ping()


def test_a_capture_counts_what_matches_and_nothing_else(pair: Pair) -> None:
    capture = Capture(pair.cabinet.machine, pair.link.port, "icmp")
    pair.left.run("ping", "-c3", "-i0.1", "192.0.2.2")
    capture.stop()
    assert capture.count() == 6
    assert capture.count("src host 192.0.2.1") == 3
    assert capture.count("udp") == 0
    assert len(capture.lines("dst host 192.0.2.1")) == 3


def test_a_capture_with_a_wrong_filter_says_so(pair: Pair) -> None:
    with pytest.raises(Exception, match="returned non-zero exit status"):
        Capture(pair.left, "eth0", "no such filter")


def test_a_removed_cable_can_be_laid_again(pair: Pair) -> None:
    pair.link.remove()
    assert "eth0" not in pair.left.run("ip", "link").stdout
    pair.cabinet.plug(pair.left, "eth0", "lan")
    pair.left.ip("address add 192.0.2.1/24 dev eth0\n")
    until(pair.ping, "the new cable")


def test_a_shaped_line_still_carries(pair: Pair) -> None:
    pair.link.limit("1mbit")
    assert pair.ping()
    assert "tbf" in pair.cabinet.machine.run("tc", "qdisc", "show", "dev", pair.link.port).stdout
