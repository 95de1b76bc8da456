"""An intent as lines that a person reviews: everything but the firewall, and no secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from appliance.intent.model import RouterIntent


def readable(intent: RouterIntent) -> str:
    return "\n".join(_lines(intent)) + "\n"


def _lines(intent: RouterIntent) -> Iterator[str]:
    yield f"clinic {intent.clinic_id}"
    yield f"inner address {intent.inner_address}"
    lan = intent.lan
    for line in intent.lines:
        way = f" mark {line.mark:#x} table {line.table}" if line.mark else ""
        where = f"{line.name} {line.interface} on {line.port}"
        yield f"line {where} {line.kind} metric {line.metric}{way} dns {_list(line.dns)}"
    yield f"lan {lan.interface} {lan.address} named {lan.router_name}"
    yield f"lan dhcp {lan.dhcp_first} to {lan.dhcp_last} for {lan.lease_hours} h"
    yield from (f"host {host.name} {host.mac} {host.address}" for host in lan.hosts)
    for tunnel in intent.tunnels:
        shown = (
            name for name in (part.name for part in fields(tunnel)) if name not in ("private_key", "preshared_key")
        )
        yield "tunnel " + " ".join(f"{name}={_list(getattr(tunnel, name))}" for name in shown)
    for service in intent.services:
        gate = f" by gate port {service.gate_port}" if service.gate_port else ""
        yield f"service {service.name} {service.host}:{service.port} {service.mode}{gate}"
    yield f"dns in tunnels {_list(intent.tunnel_dns)}"
    yield f"monitoring {_list(intent.monitoring)}"
    yield f"time inside {_list(intent.time.inside)}, ntp {_list(intent.time.ntp)}, nts {_list(intent.time.nts)}"
    yield f"bfd every {intent.bfd.interval_ms} ms, {intent.bfd.multiplier} missing"
    for address in intent.addresses:
        yield f"address {address.address} dev {address.interface}" + (f" peer {address.peer}" if address.peer else "")
    for route in intent.routes:
        parts = [f"dev {route.interface}" if route.interface else "unreachable"]
        parts += [f"via {route.gateway}"] if route.gateway else []
        parts += [f"src {route.source}"] if route.source else []
        parts += [f"metric {route.metric}"] if route.metric else []
        yield f"route {route.destination} table {route.table} {' '.join(parts)}"
    for rule in intent.rules:
        what = f"to {rule.destination}" if rule.mark is None else f"fwmark {rule.mark:#x}"
        yield f"rule {rule.priority} {what} lookup {rule.table}"
    yield from (f"sysctl {key} = {value}" for key, value in intent.sysctls)


def _list(value: object) -> str:
    return ",".join(str(item) for item in value) or "none" if isinstance(value, tuple) else str(value)
