"""What `wg` shows, and the smallest change to what is wanted."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from traceback import format_exception
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.intent.model import Tunnel
from appliance.kernel import wireguard
from appliance.kernel.wireguard import Configure, Device, Endpoint, Peer
from tests.unit.kernel.worlds import key, tunnel

DUMP = (
    "sk-dc1\tPRIVATE\tPUBLIC\t43210\toff\n"
    "sk-dc1\tPEER1\tSHARED\t198.51.100.11:51820\t203.0.113.0/25,2001:db8::/48\t1760000000\t92\t148\t15\n"
    "sk-dc2\t(none)\t(none)\t0\toff\n"
    "wg9\tPRIVATE\tPUBLIC\t1\t0x1\n"
    "wg9\tPEER2\t(none)\t[2001:db8::11]:51820\t(none)\t0\t0\t0\toff\n"
)


def test_the_dump_of_wg_is_understood() -> None:
    devices = wireguard.parse(DUMP)
    assert devices["sk-dc2"] == Device(None, {})
    assert devices["sk-dc1"].peers["PEER1"] == Peer(
        public_key="PEER1",
        preshared_key="SHARED",
        endpoint=Endpoint(IPv4Address("198.51.100.11"), 51820),
        allowed=frozenset({IPv4Network("203.0.113.0/25"), IPv6Network("2001:db8::/48")}),
        keepalive=15,
        latest_handshake=1760000000,
        rx_bytes=92,
        tx_bytes=148,
    )
    stranger = devices["wg9"].peers["PEER2"]
    assert (stranger.preshared_key, stranger.allowed, stranger.keepalive) == (None, frozenset(), 0)
    assert stranger.endpoint == Endpoint(IPv6Address("2001:db8::11"), 51820)
    assert str(stranger.endpoint) == "[2001:db8::11]:51820"


@pytest.mark.parametrize(
    "spoilt",
    [
        DUMP.replace("198.51.100.11:51820", "PRIVATE"),
        DUMP.replace("1760000000", "PRIVATE"),
        # A peer of an interface that was not shown.
        DUMP.partition("\n")[2] + "wg0\tPEER3\tPRIVATE\t(none)\t(none)\t0\t0\t0\toff\n",
    ],
)
def test_what_is_no_dump_is_an_error_without_keys(spoilt: str) -> None:
    with pytest.raises(SekishoError) as refused:
        wireguard.parse(spoilt)
    assert refused.value.code == "kernel.wg-unreadable"
    assert "PRIVATE" not in "".join(format_exception(refused.value))


def test_no_key_is_in_a_description() -> None:
    shown = repr(wireguard.parse(DUMP)) + repr(wireguard.diff([tunnel(1)], {}))
    assert "PRIVATE" not in shown
    assert "SHARED" not in shown
    assert key("router") not in shown
    assert key("shared 1") not in shown


def as_if_done(wanted: Tunnel, operation: Configure, before: Device) -> Device:
    """What `wg` makes of the commands, by its own words."""
    private_key, peers = before.private_key, dict(before.peers)
    for command in operation.commands:
        match command.words:
            case ("set", _, "private-key", "/dev/stdin"):
                assert command.stdin == wanted.private_key.get_secret_value()
                private_key = wireguard._clamped(wanted)
            case ("set", _, "peer", name, "remove"):
                del peers[name]
            case ("set", _, "peer", name, what, value):
                peers[name] = replace(peers[name], **_said(what, value, command.stdin))
            case ("addconf", _, "/dev/stdin"):
                words = dict(line.split(" = ") for line in command.stdin.splitlines() if " = " in line)
                name = words.pop("PublicKey")
                fresh = Peer(name, None, None, frozenset(), 0, 0, 0, 0)
                for what, value in words.items():
                    fresh = replace(fresh, **_said(what, value, value))
                peers[name] = fresh
    return Device(private_key, peers)


def _said(what: str, value: str, stdin: str) -> dict[str, Any]:
    match what.lower().replace("-", ""):
        case "presharedkey":
            return {"preshared_key": stdin}
        case "allowedips":
            return {"allowed": frozenset(IPv4Network(prefix.strip()) for prefix in value.split(","))}
        case "persistentkeepalive":
            return {"keepalive": int(value)}
        case _:
            return {"endpoint": wireguard._endpoint(value)}


ENDPOINTS = st.sampled_from([None, Endpoint(IPv4Address("198.51.100.11"), 51820), Endpoint(IPv4Address(1), 1)])
LITERAL, NAMED = tunnel(1), tunnel(1, endpoint_host="vpn1.dc.example")
PEERS = st.builds(
    Peer,
    public_key=st.sampled_from([LITERAL.peer_public_key, key("stranger")]),
    preshared_key=st.sampled_from([None, key("shared 1"), key("old")]),
    endpoint=ENDPOINTS,
    allowed=st.sampled_from([frozenset(), frozenset(LITERAL.allowed_prefixes)]),
    keepalive=st.sampled_from([0, 15]),
    latest_handshake=st.just(0),
    rx_bytes=st.just(0),
    tx_bytes=st.just(0),
)
DEVICES = st.builds(
    Device,
    st.sampled_from([None, key("other"), wireguard._clamped(LITERAL)]),
    st.lists(PEERS, max_size=2).map(lambda peers: {peer.public_key: peer for peer in peers}),
)


@given(wanted=st.sampled_from([LITERAL, NAMED]), device=DEVICES)
def test_after_the_change_nothing_is_left_to_change(wanted: Tunnel, device: Device) -> None:
    changes = wireguard.diff([wanted], {"sk-dc1": device})
    for change in changes:
        assert isinstance(change.operation, Configure)
        said = [word for command in change.operation.commands for word in command.words]
        peer = device.peers.get(wanted.peer_public_key)
        # Setting the private key makes every session start anew, setting the prefixes loses packets.
        assert ("private-key" in said) == (device.private_key != wireguard._clamped(wanted))
        assert ("allowed-ips" in said) == (peer is not None and peer.allowed != frozenset(wanted.allowed_prefixes))
        assert not {wanted.private_key.get_secret_value(), wanted.preshared_key.get_secret_value()} & set(said)
        device = as_if_done(wanted, change.operation, device)
    assert wireguard.diff([wanted], {"sk-dc1": device}) == []
    assert set(device.peers) == {wanted.peer_public_key}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"keepalive": 20}, "keepalive"),
        ({"allowed_prefixes": (IPv4Network("198.18.0.0/15"),)}, "allowed prefixes"),
        ({"endpoint_port": 1}, "endpoint"),
        ({"peer_public_key": key("new")}, "peer's key, surplus peer"),
    ],
)
def test_the_change_says_what_it_changes(changes: dict[str, object], words: str) -> None:
    (fresh,) = wireguard.diff([LITERAL], {})
    assert fresh.text.en == "set up encryption of tunnel dc1"
    assert isinstance(fresh.operation, Configure)
    device = as_if_done(LITERAL, fresh.operation, Device(None, {}))
    (change,) = wireguard.diff([tunnel(1, **changes)], {"sk-dc1": device})
    assert change.text.en == f"change tunnel dc1 in place: {words}"
