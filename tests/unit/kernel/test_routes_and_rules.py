"""Routes and policy rules: every step keeps a destination's floor, and the end is what is wanted."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from appliance.intent.model import PolicyRule, Route
from appliance.kernel import routes, rules

NETWORKS = st.sampled_from([IPv4Network(text) for text in ("0.0.0.0/0", "203.0.113.0/25", "203.0.113.1/32")])
ROUTES = st.builds(
    Route,
    table=st.sampled_from([51, 254]),
    destination=NETWORKS,
    interface=st.sampled_from([None, "wan0", "sk-dc1"]),
    gateway=st.sampled_from([None, IPv4Address("192.0.2.65")]),
    metric=st.sampled_from([0, 4294967295]),
)


def key(route: Route) -> tuple[int, IPv4Network, int]:
    return route.table, route.destination, route.metric


def one_per_place(chosen: list[Route]) -> list[Route]:
    return list({key(route): route for route in chosen}.values())


@given(wanted=st.lists(ROUTES, max_size=6).map(one_per_place), observed=st.lists(ROUTES, max_size=6).map(one_per_place))
def test_routes(wanted: list[Route], observed: list[Route]) -> None:
    state = {key(route): route for route in observed}
    served = set(state)
    for change in routes.diff(wanted, observed):
        match change.operation:
            case routes.Add(route, replace):
                assert replace == (key(route) in state)
                state[key(route)] = route
            case routes.Remove(route):
                assert state.pop(key(route)) == route
        # A place that was served before and is wanted still is served at every moment.
        assert served & {key(route) for route in wanted} <= set(state)
    assert state == {key(route): route for route in wanted}
    assert routes.diff(wanted, state.values()) == []


RULES = st.frozensets(st.builds(PolicyRule, st.sampled_from([5100, 5101]), NETWORKS, st.sampled_from([51, 52])))


@given(wanted=RULES, observed=RULES)
def test_rules(wanted: frozenset[PolicyRule], observed: frozenset[PolicyRule]) -> None:
    state = set(observed)
    for change in rules.diff(wanted, observed):
        match change.operation:
            case rules.Add(rule):
                assert rule not in state
                state.add(rule)
            case rules.Remove(rule):
                state.remove(rule)
        assert wanted & observed <= state
    assert state == wanted
    assert rules.diff(wanted, state) == []


def test_words() -> None:
    (change,) = routes.diff([Route(51, IPv4Network("203.0.113.0/25"), None, metric=4294967295)], [])
    assert change.text.en == "add route to 203.0.113.0/25: unreachable (refused at once) (table 51)"
    (change,) = routes.diff([], [Route(254, IPv4Network("0.0.0.0/0"), "wan0", IPv4Address("192.0.2.65"))])
    assert change.text.en == "remove route to 0.0.0.0/0: by wan0 192.0.2.65 (table 254)"
