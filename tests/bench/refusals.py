"""How many bad servers are refused: ``python -m tests.bench.refusals``. The whole list: build/bench/refusals.txt.

Passthrough leans on the prover, terminate mode on the gate process, which looks for itself at every connection: each
meets each impostor of `tests.unit.gate.impostors`. One counts as refused when both say so, for its own reason; so that
nobody reaches the goal by refusing everybody, a good server must be taken first.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from appliance.files import write_atomically
from appliance.gate.config import GateConfig
from appliance.gate.prove import Target, prove
from tests.bench.run import run
from tests.bench.table import DIRECTORY, Goal, Row
from tests.unit.gate.impostors import CASES, TLS12, TLS13, Case
from tests.unit.gate.pki import Pki, context_of, make_pki
from tests.unit.gate.process import GateProcess, Terminal, free_port
from tests.unit.gate.servers import Servers, echo, exchange
from tests.unit.gate.settings import LOOPBACK, gate_config, target_of
from tests.unit.gate.waiting import wait_for

ROUNDS = 1
GOAL = Goal(">=", 100)
HOW = "each bad server before the prover (passthrough) and before the gate process (terminate mode); no peer"
TAKEN = "taken"
"""In the place of a reason."""

_PROVE_SECONDS = 10.0


@dataclass(frozen=True)
class Finding:
    """What was said of one impostor: reasons, or `TAKEN`."""

    case: Case
    passthrough: str
    terminate: str

    @property
    def is_refused(self) -> bool:
        return self.passthrough == self.terminate == self.case.impostor.reason

    def __str__(self) -> str:
        verdict = "refused" if self.is_refused else f"NOT REFUSED as {self.case.impostor.reason}"
        return f"{self.case!s:48}  {verdict}: passthrough {self.passthrough}, terminate {self.terminate}"


class Judges:
    """Both modes. directory: for the control socket and the log of a gate process."""

    def __init__(self, pki: Pki, directory: Path) -> None:
        self._pki = pki
        self._port = free_port()
        self._terminal = Terminal(self._port, pki)
        with (directory / "gate.log").open("wb") as log:
            self._gate = GateProcess(directory, log)

    def close(self) -> None:
        self._gate.stop()

    def judge(self, port: int) -> tuple[str, str]:
        """What passthrough and terminate mode say of an honest server."""
        return self._prove(target_of(self._pki, port)), self._serve(gate_config(self._pki, self._port, port))

    def judge_impostor(self, case: Case, servers: Servers, directory: Path) -> Finding:
        own = case.impostor.make(self._pki, directory)
        port = servers.start_tls(case.impostor.context(own, self._pki.engines.pem, case.version), echo)
        target, config = target_of(self._pki, port), gate_config(self._pki, self._port, port)
        return Finding(case, self._prove(case.meant_by(target, own)), self._serve(case.meant_by_gate(config, own)))

    def _prove(self, target: Target) -> str:
        return asyncio.run(prove(target, LOOPBACK, _PROVE_SECONDS)).reason or TAKEN

    def _serve(self, config: GateConfig) -> str:
        self._gate.configure(config)
        before = self._counted()
        try:
            with self._terminal.connect(self._pki.terminal) as sock:
                answer = exchange(sock, b"?")
        except OSError:
            answer = b""
        if answer:
            return TAKEN
        wait_for(lambda: self._counted() != before)
        return ", ".join(self._counted() - before)

    def _counted(self) -> Counter[str]:
        """Refusals by their reasons; what is heard of them by itself is not every one (`appliance.gate.ration`)."""
        return sum(map(Counter, self._gate.stats()["refusals"].values()), Counter[str]())


def measure(directory: Path, rounds: int) -> list[Row]:
    # Some impostors speak what Python warns of.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    pki = make_pki()
    findings: list[Finding] = []
    with closing(Servers()) as servers, closing(Judges(pki, directory)) as judges:
        for version in (TLS12, TLS13):
            context = context_of(ssl.PROTOCOL_TLS_SERVER, pki.engine, pki.engines.pem)
            context.minimum_version = context.maximum_version = version
            if judges.judge(servers.start_tls(context, echo)) != (TAKEN, TAKEN):
                raise RuntimeError("a good server is refused, so the refusals say nothing")
        for _ in range(rounds):
            findings += [judges.judge_impostor(case, servers, directory) for case in CASES]
    write_atomically(DIRECTORY / "refusals.txt", "".join(f"{finding}\n" for finding in findings), 0o644)
    return [row(findings)]


def row(findings: list[Finding]) -> Row:
    share = 100 * sum(finding.is_refused for finding in findings) / len(findings)
    what = f"bad servers refused, of {len(findings)}, in both modes, each for its own reason (build/bench/refusals.txt)"
    return Row(what, "%", share, goal=GOAL)


if __name__ == "__main__":
    run("refusals", HOW, measure, ROUNDS, {})
