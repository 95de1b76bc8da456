"""WireGuard's keys and peers (wg(8)), changed in place: no tunnel is torn down for a new setting."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from appliance.intent.model import Tunnel
from appliance.kernel import links, tool
from appliance.kernel.changes import Change
from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: IPv4Address | IPv6Address
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Peer:
    """keepalive in seconds, 0: off. latest_handshake in Unix seconds, 0: never."""

    public_key: str
    preshared_key: str | None = field(repr=False)
    endpoint: Endpoint | None
    allowed: frozenset[IPv4Network | IPv6Network]
    keepalive: int
    latest_handshake: int
    rx_bytes: int
    tx_bytes: int


@dataclass(frozen=True, slots=True)
class Device:
    """mark: fwmark of the outer packets, 0: none."""

    private_key: str | None = field(repr=False)
    peers: Mapping[str, Peer]
    mark: int = 0


@dataclass(frozen=True, slots=True)
class PeerState:
    """What a tunnel's peer looks like from here. latest_handshake in Unix seconds, 0: never."""

    public_key: str
    endpoint: Endpoint | None
    latest_handshake: int
    rx_bytes: int
    tx_bytes: int


@dataclass(frozen=True, slots=True)
class Command:
    """words: of wg(8), never a secret. stdin: the secret, or a new peer whole."""

    words: tuple[str, ...]
    stdin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Configure:
    """Each command changes what it names and leaves the rest: port, sessions, other peers."""

    interface: str
    commands: tuple[Command, ...]


def observe() -> dict[str, Device]:
    """All WireGuard interfaces, in the kernel and in user space, by name."""
    _, dump, _ = tool.run(["wg", "show", "all", "dump"])
    return parse(dump)


def observe_peers() -> dict[str, PeerState]:
    """The one peer of each of our tunnels, by interface; a tunnel without a peer is left out."""
    return {
        interface: PeerState(peer.public_key, peer.endpoint, peer.latest_handshake, peer.rx_bytes, peer.tx_bytes)
        for interface, device in observe().items()
        if links.is_ours(interface)
        for peer in list(device.peers.values())[:1]
    }


def parse(dump: str) -> dict[str, Device]:
    """The output of ``wg show all dump``: 5 columns for an interface, 9 for a peer, ``(none)`` for nothing.

    Raises SekishoError ``kernel.wg-unreadable``.
    """
    with tool.reading("wg"):
        return _parse(dump)


def _parse(dump: str) -> dict[str, Device]:
    keys: dict[str, str | None] = {}
    marks: dict[str, int] = {}
    peers: dict[str, dict[str, Peer]] = {}
    for line in dump.splitlines():
        columns = [None if column in ("(none)", "off", "") else column for column in line.split("\t")]
        name = str(columns[0])
        if len(columns) == 5:
            keys[name] = columns[1]
            marks[name] = int(columns[4] or "0", 0)
            peers[name] = {}
        elif len(columns) == 9:
            public_key = str(columns[1])
            peers[name][public_key] = Peer(
                public_key=public_key,
                preshared_key=columns[2],
                endpoint=_endpoint(columns[3]) if columns[3] else None,
                allowed=frozenset(ip_network(prefix) for prefix in (columns[4] or "").split(",") if prefix),
                keepalive=int(columns[8] or 0),
                latest_handshake=int(columns[5] or 0),
                rx_bytes=int(columns[6] or 0),
                tx_bytes=int(columns[7] or 0),
            )
    return {name: Device(key, peers[name], marks[name]) for name, key in keys.items()}


def diff(wanted: Iterable[Tunnel], observed: Mapping[str, Device]) -> list[Change]:
    """A tunnel that is not in `observed` (about to be created) is configured from nothing.

    The endpoint counts only when it is a literal address; names are resolved elsewhere and
    set by `set_endpoint`.
    """
    changes = []
    for tunnel in wanted:
        device = observed.get(tunnel.interface, Device(None, {}))
        peer = device.peers.get(tunnel.peer_public_key)
        strangers = tuple(sorted(key for key in device.peers if key != tunnel.peer_public_key))
        differences = _differences(tunnel, device, peer)
        if strangers:
            differences.append(Text("余分な相手", "surplus peer"))
        if not differences:
            continue
        if tunnel.interface not in observed:
            text = Text(f"トンネル {tunnel.name} の暗号化を設定します。", f"set up encryption of tunnel {tunnel.name}")
        else:
            text = Text(
                f"トンネル {tunnel.name} をつないだまま変えます：{'、'.join(item.ja for item in differences)}。",
                f"change tunnel {tunnel.name} in place: {', '.join(item.en for item in differences)}",
            )
        commands = (*(_forget(tunnel, key) for key in strangers), *_commands(tunnel, device, peer))
        changes.append(Change("wireguard", tunnel.interface, text, Configure(tunnel.interface, commands)))
    return changes


def apply(change: Change) -> None:
    match change.operation:
        case Configure(_, commands):
            for command in commands:
                tool.run(["wg", *command.words], command.stdin)
        case _:
            raise TypeError(change.operation)


def set_endpoint(interface: str, public_key: str, address: IPv4Address | IPv6Address, port: int) -> None:
    """Tell the tunnel where its peer is now; the session goes on."""
    tool.run(["wg", "set", interface, "peer", public_key, "endpoint", str(Endpoint(address, port))])


def set_mark(interface: str, mark: int) -> None:
    """Have the tunnel's outer packets carry this fwmark from now on, 0 for none; the session goes on."""
    tool.run(["wg", "set", interface, "fwmark", str(mark)])


def introduce(tunnel: Tunnel, address: IPv4Address | IPv6Address, port: int) -> None:
    """Tell a tunnel that has never met its peer where it is, and have it call at once.

    WireGuard has called already, into the void, and would wait REKEY_TIMEOUT (5 s; whitepaper, section 6.1)
    before it calls again: the peer is made anew, and with it that memory.
    """
    tool.run(["wg", "set", tunnel.interface, "peer", tunnel.peer_public_key, "remove"])
    tool.run(["wg", "addconf", tunnel.interface, "/dev/stdin"], _peer_section(tunnel, Endpoint(address, port)))


def literal_endpoint(tunnel: Tunnel) -> Endpoint | None:
    """None when the host is a name."""
    try:
        return Endpoint(ip_address(tunnel.endpoint_host), tunnel.endpoint_port)
    except ValueError:
        return None


def _differences(tunnel: Tunnel, device: Device, peer: Peer | None) -> list[Text]:
    differences = []
    if device.private_key != _clamped(tunnel):
        differences.append(Text("自分の鍵", "own key"))
    if not _is_marked_right(tunnel, device):
        differences.append(Text("使う回線", "line"))
    if peer is None:
        return [*differences, Text("相手の鍵", "peer's key")]
    if peer.preshared_key != tunnel.preshared_key.get_secret_value():
        differences.append(Text("共有の鍵", "pre-shared key"))
    if peer.allowed != _allowed(tunnel):
        differences.append(Text("通す宛先", "allowed prefixes"))
    if peer.keepalive != tunnel.keepalive:
        differences.append(Text("つながりを保つ間隔", "keepalive"))
    endpoint = literal_endpoint(tunnel)
    if endpoint is not None and peer.endpoint != endpoint:
        differences.append(Text("接続先", "endpoint"))
    return differences


def _is_marked_right(tunnel: Tunnel, device: Device) -> bool:
    """Which of its lines a tunnel uses is decided at run time."""
    return device.mark in (tunnel.marks or (0,))


def _clamped(tunnel: Tunnel) -> str:
    """The private key as WireGuard stores and shows it (RFC 7748 section 5, decodeScalar25519)."""
    key = bytearray(base64.b64decode(tunnel.private_key.get_secret_value()))
    key[0] &= 0b1111_1000
    key[31] = key[31] & 0b0111_1111 | 0b0100_0000
    return base64.b64encode(key).decode()


def _allowed(tunnel: Tunnel) -> frozenset[IPv4Network | IPv6Network]:
    return frozenset(tunnel.allowed_prefixes)


def _forget(tunnel: Tunnel, public_key: str) -> Command:
    return Command(("set", tunnel.interface, "peer", public_key, "remove"))


def _commands(tunnel: Tunnel, device: Device, peer: Peer | None) -> Iterator[Command]:
    """No listen port: the kernel picks one at random and keeps it."""
    own = ("set", tunnel.interface)
    if device.private_key != _clamped(tunnel):
        yield Command((*own, "private-key", "/dev/stdin"), tunnel.private_key.get_secret_value())
    if not _is_marked_right(tunnel, device):
        yield Command((*own, "fwmark", str(tunnel.marks[0] if tunnel.marks else 0)))
    endpoint = literal_endpoint(tunnel)
    if peer is None:
        yield Command(("addconf", tunnel.interface, "/dev/stdin"), _peer_section(tunnel, endpoint))
        return
    known = (*own, "peer", tunnel.peer_public_key)
    if peer.preshared_key != tunnel.preshared_key.get_secret_value():
        yield Command((*known, "preshared-key", "/dev/stdin"), tunnel.preshared_key.get_secret_value())
    # Nothing that is right is said again: WireGuard takes a peer's prefixes away before it sets them, and
    # loses the packets that come in between.
    if peer.allowed != _allowed(tunnel):
        yield Command((*known, "allowed-ips", ",".join(map(str, tunnel.allowed_prefixes))))
    if peer.keepalive != tunnel.keepalive:
        yield Command((*known, "persistent-keepalive", str(tunnel.keepalive)))
    if endpoint is not None and peer.endpoint != endpoint:
        yield Command((*known, "endpoint", str(endpoint)))


def _peer_section(tunnel: Tunnel, endpoint: Endpoint | None) -> str:
    """For ``wg addconf``."""
    lines = [
        "[Peer]",
        f"PublicKey = {tunnel.peer_public_key}",
        f"PresharedKey = {tunnel.preshared_key.get_secret_value()}",
        f"AllowedIPs = {', '.join(str(prefix) for prefix in tunnel.allowed_prefixes)}",
        f"PersistentKeepalive = {tunnel.keepalive}",
        *([f"Endpoint = {endpoint}"] if endpoint else []),
    ]
    return "\n".join(lines) + "\n"


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    return Endpoint(ip_address(host.strip("[]")), int(port))
