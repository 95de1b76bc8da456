"""Services and addresses for the tests of permissions, and proofs about them."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address

from appliance.gate.messages import GuardedService
from appliance.gate.proof import Proof
from appliance.gate.reasons import Reason

RECEIPT = GuardedService("receipt", "weborca.cloud.example", 443, "passthrough", None)
GATE = GuardedService("receipt-gate", "weborca-gate.cloud.example", 443, "terminate", 10443)
TWIN = GuardedService("auth", "auth.cloud.example", 443, "passthrough", None)
DC1, DC2 = IPv4Address("203.0.113.17"), IPv4Address("203.0.113.33")
MANY = tuple(IPv4Address("203.0.113.64") + number for number in range(12))


def proof_of(service: GuardedService, address: IPv4Address, reason: Reason | None) -> Proof:
    return Proof(service.name, service.host, address, service.port, reason, "seen", datetime(2027, 1, 1, tzinfo=UTC))
