"""Servers that are not what they should be, each in exactly one way, and why each is refused.

The one list of them: for the prover, on whom passthrough leans (`test_prove`), for the gate (`test_gate_refuses`), and
for the figures (`tests.bench.refusals`).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from appliance.gate.config import GateConfig
from appliance.gate.prove import Target
from appliance.gate.reasons import Reason
from tests.unit.gate.pki import Credentials, Pki, context_of

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

Make = Callable[[Pki, Path], Credentials]


@dataclass(frozen=True)
class Impostor:
    """make: what it shows, with an empty directory for the making. versions: of TLS in which it is met.

    pinned: whether its key is among the account's; both where a pin that fits must not help. revoked: its authority has
    taken it back. ciphers: for TLS 1.2, the only ones that it speaks.
    """

    name: str
    reason: Reason
    make: Make
    versions: tuple[ssl.TLSVersion, ...] = (TLS12, TLS13)
    pinned: tuple[bool, ...] = (True, False)
    revoked: bool = False
    ciphers: str = "DEFAULT"

    def context(self, own: Credentials, anchors: str, version: ssl.TLSVersion) -> ssl.SSLContext:
        """For a server that shows `own`, of this version only. anchors: for what the clinic shows."""
        context = context_of(ssl.PROTOCOL_TLS_SERVER, own, anchors, ciphers=f"{self.ciphers}@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        return context


def _of_rsa(bits: int) -> Make:
    return lambda pki, _: pki.engines.issue(key=rsa.generate_private_key(65537, bits))


IMPOSTORS = (
    Impostor("another key", Reason.WRONG_PIN, lambda pki, _: pki.engines.issue(), pinned=(False,)),
    Impostor("wrong name", Reason.WRONG_NAME, lambda pki, _: pki.engines.issue("other.cloud.example")),
    Impostor(
        "expired",
        Reason.EXPIRED,
        lambda pki, _: pki.engines.issue(starts=-timedelta(days=3), ends=-timedelta(days=1)),
    ),
    Impostor(
        "not yet valid",
        Reason.NOT_YET_VALID,
        lambda pki, _: pki.engines.issue(starts=timedelta(days=1), ends=timedelta(days=3)),
    ),
    Impostor("self-signed", Reason.SELF_SIGNED, lambda pki, _: pki.engines.issue(self_signed=True)),
    Impostor("unknown CA", Reason.UNKNOWN_CA, lambda pki, _: pki.stranger.issue()),
    Impostor("RSA 1024", Reason.WEAK_KEY, _of_rsa(1024)),
    Impostor("SHA-1", Reason.SHA1, lambda pki, directory: pki.engines.issue_with_sha1(directory)),
    Impostor("client only", Reason.WRONG_PURPOSE, lambda pki, _: pki.engines.issue(server=False)),
    Impostor("revoked", Reason.REVOKED, lambda pki, _: pki.engines.issue(), pinned=(True,), revoked=True),
    Impostor(
        "TLS 1.1",
        Reason.PROTOCOL_TOO_OLD,
        lambda pki, _: pki.engine,
        versions=(ssl.TLSVersion.TLSv1_1,),
        pinned=(True,),
    ),
    Impostor(
        "no forward secrecy",
        Reason.HANDSHAKE_REFUSED,
        _of_rsa(2048),
        versions=(TLS12,),
        pinned=(True,),
        ciphers="kRSA+AESGCM",
    ),
    Impostor(
        "no AEAD",
        Reason.HANDSHAKE_REFUSED,
        lambda pki, _: pki.engine,
        versions=(TLS12,),
        pinned=(True,),
        ciphers="ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA",
    ),
)


@dataclass(frozen=True)
class Case:
    impostor: Impostor
    version: ssl.TLSVersion
    pinned: bool

    def __str__(self) -> str:
        pinned = "pinned" if self.pinned else "not pinned"
        return f"{self.impostor.name}, {self.version.name.replace('_', '.')}, {pinned}"

    def meant_by(self, target: Target, own: Credentials) -> Target:
        """As the prover is told when the account thinks that this impostor, who shows `own`, was the engine."""
        revoked = {own.mark: Reason.REVOKED} if self.impostor.revoked else {}
        return replace(target, pins=(own.pin,) if self.pinned else target.pins, against=revoked)

    def meant_by_gate(self, config: GateConfig, own: Credentials) -> GateConfig:
        """The same for the gate."""
        (service,) = config.services
        revoked = frozenset({own.mark} if self.impostor.revoked else ())
        return replace(
            config,
            services=(replace(service, pins=(own.pin,) if self.pinned else service.pins),),
            revoked=revoked,
        )


CASES = tuple(
    Case(impostor, version, pinned)
    for impostor in IMPOSTORS
    for version in impostor.versions
    for pinned in impostor.pinned
)
