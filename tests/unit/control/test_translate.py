"""The words between the rooms."""

from __future__ import annotations

from ipaddress import IPv4Address

from appliance.control import opening, translate
from appliance.control.ready import Ready
from appliance.gate.config import parse
from appliance.gate.messages import Adopted, Grant, Revoke
from appliance.intent import names
from appliance.intent.model import RouterIntent
from appliance.kernel.nft import Element
from tests.builders import lab_account, lab_site

ENGINE = IPv4Address("203.0.113.18")


def ready() -> Ready:
    return opening.ready(lab_account(), lab_site())


def service_of(intent: RouterIntent, mode: str) -> str:
    return next(service.name for service in intent.services if service.mode == mode)


def test_a_permission_to_pass_is_one_element() -> None:
    grant = Grant("receipt", ENGINE, 443, "passthrough", None, 60)
    assert [(item.set_name, item.key, item.timeout) for item in translate.elements(grant)] == [
        (names.ENGINE_VERIFIED, (ENGINE, 443), 60)
    ]


def test_a_permission_for_the_gate_opens_and_keeps() -> None:
    grant = Grant("gate", ENGINE, 443, "terminate", 10443, 60)
    granted = {item.set_name: item for item in translate.elements(grant)}
    assert set(granted) == {names.GATE_VERIFIED, names.GATE_OPEN}
    assert granted[names.GATE_OPEN].value == 10443
    revoked = translate.elements(Revoke("gate", ENGINE, 443, "terminate", "wrong-pin", True))
    assert {(item.set_name, item.key) for item in revoked} == {(item.set_name, item.key) for item in granted.values()}


def test_a_service_by_address_is_so_at_the_gate_and_at_the_lights() -> None:
    name = service_of(ready().intent, "terminate")
    by_address = opening.ready(lab_account(), lab_site(services=[{"name": name, "by_address": True}]))
    for held, is_so in ((ready(), False), (by_address, True)):
        (service,) = translate.gate_config(held, lambda _: (ENGINE,)).services
        assert service.by_address is is_so
        assert translate.expected(held).by_address == frozenset({name} if is_so else ())


def test_only_an_address_that_dns_names_is_adopted_for_a_service() -> None:
    held = ready()
    service = held.intent.services[0]
    found = [Element((str(ENGINE), "443"), expires=40), Element(("203.0.113.99", "443"), expires=40)]
    hosts = {service.host: (ENGINE,)}
    passthrough, terminate = (found, []) if service.mode == "passthrough" else ([], found)
    assert translate.adopted(held.intent, hosts, passthrough, terminate) == (Adopted(service.name, ENGINE, 40.0),)


def test_the_gate_understands_what_it_is_told_and_stays_closed_without_proof() -> None:
    held = ready()
    closed = translate.gate_config(held, lambda _: ())
    assert parse(closed.as_json()) == closed
    assert {service.name for service in closed.services} == {service_of(held.intent, "terminate")}
    assert not any(service.open for service in closed.services)
    opened = translate.gate_config(held, lambda _: (ENGINE,))
    assert all(service.open and service.upstreams == (str(ENGINE),) for service in opened.services)


def test_everything_that_should_be_there_is_looked_for() -> None:
    held = ready()
    expected = translate.expected(held)
    assert {"account", "identity"} <= set(expected.certificates)
    assert expected.tunnels == ("dc1", "dc2")
    assert set(expected.helpers) == {"dhcpcd-wan", "bird", "gate", "dnsmasq", "chrony", "web"}
