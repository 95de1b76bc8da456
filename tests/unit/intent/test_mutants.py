"""No rule is there without a promise that needs it, and none stands where another order would do harm unnoticed.

Each table with one rule left out or two neighbours swapped either breaks a theorem or is proven
to treat every packet the same; and a rule without which every packet is treated the same is not
there, unless `NOT_NEEDED` says why.
"""

from __future__ import annotations

import re

import pytest

from appliance.kernel.nft import render
from tests.unit.intent.proof.mutants import difference, mutants
from tests.unit.intent.proof.proving import Court
from tests.unit.intent.proof.theorems import THEOREMS
from tests.unit.intent.test_golden import CLINICS, compiled

_NOBODY = "no terminal is listed: whoever sends is refused at the end of the chain"
_COUNTS = "it decides of packets to come, and of no other"
_NO_PORTS = "what has no ports is refused before it comes here: this is the last line, and leans on nobody"
_ALIKE = "without it all ports are given out as well, but not alike"
_TELLS = "it tells people of packets that the next rule refuses"
_TOLD = "Strangers told: who is refused for not being listed so"
_COUNTING = (
    ("ports_counted", "Own ports: which blocks are full"),
    ("ports_given_back", "Own ports: the end of a connection frees one"),
    *(
        (f"wan_{kind}_count", f"Own ports: {what}")
        for kind in ("port", "echo")
        for what in (
            "this was the block's last one towards there",
            "the end of a connection frees one",
            "the block is as full as it was",
            "some of the block have become free",
        )
    ),
)
IN_EVERY_CLINIC = {("impostors", _TOLD): _TELLS, ("lan_forward", _TOLD): _TELLS, ("fast_path_guard", _TOLD): _TELLS}
_OF_MAP_E: dict[tuple[str, str], str] = {
    **dict.fromkeys(_COUNTING, _COUNTS),
    ("wan_ports", "Own ports: all blocks are used alike"): _ALIKE,
    ("wan_guard", "Own ports: nothing leaves with an address or port of others"): _NO_PORTS,
}
NOT_NEEDED: dict[str, dict[tuple[str, str], str]] = {
    "map-e": _OF_MAP_E,
    "one-tunnel-terminate-only": {
        ("fast_path_guard", "Fast path guarded: a listed terminal, an engine whose proof is fresh"): _NOBODY,
        ("forged", "No impostor: another machine with a terminal's address is kept out of its connections"): _NOBODY,
        ("redirects", "Proven by the gate: a listed terminal's way to a proven engine leads through it"): _NOBODY,
        ("impostors", "No impostor: refused at once, and counted"): _NOBODY,
        ("lan_input", "No impostor: a terminal's address on another machine opens nothing"): _NOBODY,
        ("lan_input", "Proven by the gate: a listed terminal, to the gate of an engine whose proof is fresh"): _NOBODY,
        ("lan_forward", "No impostor: a terminal's address on another machine opens nothing"): _NOBODY,
        ("lan_forward", "Closed unless proven: a listed terminal, to an engine whose proof is fresh"): _NOBODY,
        ("forward", "No black hole: segments fit the tunnel in both directions, whatever ICMP is lost"): _NOBODY,
    },
}
"""By clinic: chain and reason of each rule that changes the fate of no packet there, and why it may stand."""


_ONE_OF_MANY = re.compile(r"wan_ports_([3-9]|1[0-9]) ")
"""Chains of a MAP-E line's blocks of ports, of which the first two stand for all."""


def different() -> list[str]:
    """Clinics whose tables differ in more than the names of their lines' interfaces."""
    first_with: dict[str, str] = {}
    for clinic in CLINICS:
        if clinic == "internet-by-map-e":
            # All of it is in two others: the line's own rules in `map-e`, the way to the engines in `internet`.
            continue
        intent = compiled(clinic)
        text = render(intent.firewall)
        for line in intent.lines:
            text = text.replace(f'"{line.interface}"', f'"{line.name}"')
        first_with.setdefault(text, clinic)
    return [*first_with.values()]


@pytest.mark.parametrize("clinic", different())
def test_every_mutant_breaks_a_promise_or_changes_nothing(clinic: str) -> None:
    intent = compiled(clinic)
    whole = Court(intent)
    theorems = list(THEOREMS)
    unnoticed, not_needed = [], set()
    for mutant in mutants(intent.firewall):
        if _ONE_OF_MANY.match(mutant.what):
            continue
        changed = whole.for_mutant(mutant.table, mutant.ways)
        refuted = next(changed.refutations(theorems), None)
        if refuted:
            # Its neighbours stand for the same promise: the next time it is asked first.
            theorems.remove(refuted.theorem)
            theorems.insert(0, refuted.theorem)
            continue
        packet = difference(whole, changed)
        if packet:
            unnoticed.append(f"{mutant.what}: breaks no promise, though the fate of a packet changes:\n{packet}")
        elif mutant.place:
            not_needed.add(mutant.place)
    assert not unnoticed, "\n".join(unnoticed)
    standing = {(chain.name, rule.why) for chain in intent.firewall.chains for rule in chain.rules}
    assert not_needed == NOT_NEEDED.get(clinic, {}).keys() | (IN_EVERY_CLINIC.keys() & standing)
