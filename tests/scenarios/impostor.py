"""Somebody in the data center who takes an engine's place, with a certificate of his own."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tests.lab import addresses
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.world import World

_PORT = 8443
_FILE = "/etc/impostor.pem"


class Impostor:
    """Inside the ``with`` block who connects to the engine meets him; connections that stand stay with the engine."""

    def __init__(self, world: World, engine: str, certificate: EngineCertificate) -> None:
        self._machine = world.machines[engine]
        credential = world.pki.engine[certificate]
        self._machine.write(_FILE, credential.chain + credential.key, 0o600)

    def __enter__(self) -> Self:
        self._process = self._machine.popen("openssl", "s_server", "-quiet", "-accept", str(_PORT), "-cert", _FILE)
        until(self._listens, f"the impostor on {self._machine.name}")
        only_new = f"tcp dport {addresses.ENGINE_PORT} tcp flags & (syn | ack) == syn redirect to :{_PORT}"
        self._machine.run(
            *("nft", "-f", "-"),
            input="table ip impostor { chain prerouting { type nat hook prerouting priority dstnat; "
            f"{only_new}; }}; }}\n",
        )
        return self

    def _listens(self) -> bool:
        return f":{_PORT} " in self._machine.run("ss", "-ltn").stdout

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.run("nft", "delete", "table", "ip", "impostor")
        self._process.kill()
        self._process.wait(10)
