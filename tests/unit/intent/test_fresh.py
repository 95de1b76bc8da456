"""A router that nobody has set up: whatever anybody sends, nothing passes, and only its own few services answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from appliance.engines.wanted import engines_for
from appliance.intent import fresh
from appliance.intent.firewall import Accept, Chain, Drop, Field, Jump, Match, Note, Offload, Refuse, Rule, Table
from appliance.intent.rules import table as table_module
from appliance.intent.rules.pruned import pruned
from tests.unit.intent.test_golden import compiled

INTENT = fresh.fresh("lan0")


def paths(table: Table, chain: Chain, before: tuple[Match, ...] = ()) -> Iterator[tuple[Rule, tuple[Match, ...]]]:
    """Every rule that a packet at this hook can come to, with all that it must match on the way."""
    by_name = {one.name: one for one in table.chains}
    for rule in chain.rules:
        matches = (*before, *rule.matches)
        if isinstance(rule.verdict, Jump):
            yield from paths(table, by_name[rule.verdict.chain], matches)
        else:
            yield rule, matches


def at(hook: str) -> Iterator[tuple[Chain, Rule, tuple[Match, ...]]]:
    for chain in INTENT.firewall.chains:
        if chain.hook and chain.hook.hook == hook and chain.hook.type == "filter":
            yield from ((chain, rule, matches) for rule, matches in paths(INTENT.firewall, chain))


def test_nothing_is_forwarded() -> None:
    """No rule at the forward hook lets anything pass, what meets none is dropped, and there is no way round."""
    found = list(at("forward"))
    assert {chain.hook.policy for chain, _, _ in found if chain.hook} == {"drop"}
    assert all(isinstance(rule.verdict, (Refuse, Drop, Note)) for _, rule, _ in found)
    assert INTENT.firewall.flow_tables == ()
    assert not any(isinstance(rule.verdict, Offload) for chain in INTENT.firewall.chains for rule in chain.rules)
    assert ("net/ipv4/ip_forward", "0") in INTENT.sysctls
    assert (INTENT.routes, INTENT.rules) == ((), ())


@pytest.mark.parametrize(("hook", "side"), [("input", Field.IIF), ("output", Field.OIF)])
def test_only_the_lan_and_the_router_itself_are_spoken_with(hook: str, side: Field) -> None:
    chains = [chain for chain in INTENT.firewall.chains if chain.name == hook]
    assert [chain.hook.policy for chain in chains if chain.hook] == ["drop"]
    for chain in chains:
        for rule, matches in paths(INTENT.firewall, chain):
            if isinstance(rule.verdict, Accept):
                assert [match.values for match in matches if match.fields == (side,)] in [[("lo",)], [("lan0",)]]


def test_the_line_is_left_alone() -> None:
    assert (INTENT.lines, INTENT.tunnels) == ((), ())
    assert [address.interface for address in INTENT.addresses] == ["lan0"]
    assert not any("wan" in key for key, _ in INTENT.sysctls)
    assert [spec.name for spec in engines_for(INTENT, {}, {})] == ["gate", "dnsmasq", "web"]


def test_its_network_is_private_and_its_leases_are_in_it() -> None:
    network = fresh.ADDRESS.network
    assert network.subnet_of(ip_network("192.168.0.0/16"))
    assert {fresh.DHCP.first, fresh.DHCP.last} <= set(network.hosts()) - {fresh.ADDRESS.ip}


def test_it_answers_to_its_name() -> None:
    (dnsmasq,) = (spec for spec in engines_for(INTENT, {}, {}) if spec.name == "dnsmasq")
    assert f"host-record=sekisho.lan,{fresh.ADDRESS.ip}\n" in dnsmasq.files[0].content


@pytest.mark.parametrize("clinic", ["lab", "internet"])
def test_a_router_that_is_set_up_loses_no_rule(monkeypatch: pytest.MonkeyPatch, clinic: str) -> None:
    monkeypatch.setattr(table_module, "pruned", lambda table: table)
    whole = compiled(clinic).firewall
    assert pruned(whole) == whole


def test_a_condition_without_values_is_no_match_of_nothing() -> None:
    rule = Rule((Match((Field.TCP_FLAGS_SYN,), ()),), Drop(), "kept")
    never = Rule((Match((Field.IIF,), ()),), Drop(), "gone")
    to_led, to_lost = Rule((), Jump("led"), "jump"), replace(never, verdict=Jump("lost"))
    chains = (
        replace(INTENT.firewall.chains[0], name="base", rules=(rule, never, to_led, to_lost)),
        *(Chain(name, None, (rule,)) for name in ("led", "lost", "for later")),
    )
    table = pruned(replace(INTENT.firewall, chains=chains))
    assert [(chain.name, len(chain.rules)) for chain in table.chains] == [("base", 2), ("led", 1), ("for later", 1)]
