"""What the prover and the gate are told of the receipt service of these tests, whose engine listens on loopback."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from appliance.gate.config import GateConfig, ServiceConfig
from appliance.gate.prove import Target
from appliance.secret import Secret
from tests.unit.gate.pki import HOST, Pki

LOOPBACK = IPv4Address("127.0.0.1")
NOBODYS_PIN = "sha256/" + "A" * 43 + "="


def gate_config(pki: Pki, gate_port: int, port: int, **changes: Any) -> GateConfig:
    """A configuration with one service whose engine listens on loopback at `port`.

    changes: of the service's settings; but terminals: those of the clinic; allowed: the addresses of those that may use
    the service.
    """
    terminals = changes.pop("terminals", {str(LOOPBACK): "front"})
    changes["terminals"] = changes.pop("allowed", None)
    values: dict[str, Any] = {
        "name": "receipt",
        "host": HOST,
        "port": port,
        "listen": (str(LOOPBACK), gate_port),
        "presented": pki.presented.pair,
        "terminal_anchors": pki.terminals.pem,
        "trust_anchors": pki.engines.pem,
        "pins": (pki.engine.pin, NOBODYS_PIN),
        "identity": pki.identity.pair,
        "source": str(LOOPBACK),
        "upstreams": (str(LOOPBACK),),
        "open": True,
    }
    return GateConfig((ServiceConfig(**{**values, **changes}),), terminals)


def target_of(pki: Pki, port: int = 1) -> Target:
    return Target(
        service="receipt",
        host=HOST,
        port=port,
        pins=(NOBODYS_PIN, pki.engine.pin),
        trust_anchors=pki.engines.pem,
        identity_certificate=pki.identity.certificate,
        identity_key=Secret(pki.identity.key),
        source=LOOPBACK,
    )
