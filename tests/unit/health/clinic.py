"""A clinic at which all is well, and how its evidence is changed and its lights are read."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.health.board import Board, Expected
from appliance.health.model import Evidence, Light

EXPECTED = Expected(
    lines={"wan": "wan0"},
    tunnels=("dc1", "dc2"),
    services=("receipt", "receipt-gate"),
    certificates=("account", "identity"),
    helpers=("bird", "dnsmasq"),
)

A, B = "203.0.113.17", "203.0.113.33"

Change = tuple[str, str, bool] | tuple[str, str, bool, str] | tuple[str, str, bool, str, str]

"""kind, subject, ok, reason, detail."""

ALL_WELL: tuple[Change, ...] = (
    ("account.present", "", True),
    ("router.settings", "", True, "", "0"),
    ("router.clock", "", True),
    ("router.engine", "bird", True),
    ("router.engine", "dnsmasq", True),
    ("wan.carrier", "wan0", True),
    ("wan.address", "wan0", True, "", "192.0.2.70"),
    ("wan.gateway", "wan0", True),
    ("tunnel.endpoint", "dc1", True),
    ("tunnel.endpoint", "dc2", True),
    ("tunnel.handshake", "dc1", True, "", "20"),
    ("tunnel.handshake", "dc2", True, "", "25"),
    ("tunnel.path", "dc1", True),
    ("tunnel.path", "dc2", True),
    ("tunnel.carrying", "dc1", True),
    ("tunnel.carrying", "dc2", False),
    ("engine.name", "receipt", True),
    ("engine.name", "receipt-gate", True),
    ("engine.proof", f"receipt@{A}", True),
    ("engine.proof", f"receipt@{B}", True),
    ("engine.proof", f"receipt-gate@{A}", True),
    ("engine.proof", f"receipt-gate@{B}", True),
    ("certificate.days", "account", True, "", "900"),
    ("certificate.days", "identity", True, "", "400"),
)


def show(board: Board, at: float, changes: Iterable[Change]) -> None:
    for kind, subject, ok, *rest in changes:
        board.record(Evidence(kind, subject, ok, at, *rest))


def without(*gone: str) -> tuple[Change, ...]:
    """All is well, except that nobody looked at the things whose ``kind subject`` begins so."""
    return tuple(change for change in ALL_WELL if not f"{change[0]} {change[1]}".startswith(gone))


def board_with(*changes: Change, base: Iterable[Change] = ALL_WELL, at: float = 100.0) -> Board:
    board = Board()
    board.expect(EXPECTED)
    show(board, at, base)
    show(board, at, changes)
    return board


def by_name(lights: tuple[Light, ...]) -> dict[str, Light]:
    return {light.name: light for light in lights}


def causes(lights: tuple[Light, ...]) -> dict[str, str]:
    return {light.name: light.cause for light in lights}


def proofs(ok: bool, reason: str = "", services: tuple[str, ...] = EXPECTED.services) -> tuple[Change, ...]:
    return tuple(("engine.proof", f"{service}@{address}", ok, reason) for service in services for address in (A, B))


def down(*tunnels: str) -> tuple[Change, ...]:
    return tuple(("tunnel.path", tunnel, False) for tunnel in tunnels)
