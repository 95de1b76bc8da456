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
        yield f"line {where} {line.kind} mtu {line.mtu} metric {line.metric}{way} dns {_list(line.dns)}"
    yield f"router named {lan.router_name}"
    for segment in lan.segments:
        tag = f" vlan {segment.vlan} of {segment.port}" if segment.vlan else ""
        yield f"segment {segment.name} {segment.interface}{tag} {segment.address} reaches {_list(segment.reaches)}"
        if segment.dhcp:
            yield f"segment {segment.name} dhcp {segment.dhcp.first} to {segment.dhcp.last}"
        yield from (f"segment {segment.name} leads to {item.network} via {item.via}" for item in segment.behind)
    for host in lan.hosts:
        minutes = f" internet for {host.internet_minutes} minutes" if host.internet_minutes else ""
        yield f"host {host.name} {host.mac} {host.address}{minutes}"
    for one in intent.maintenance.maintainers:
        yield f"maintainer {one.name} from {_list(one.addresses)}"
    for target in intent.maintenance.targets:
        yield f"maintenance of {target.terminal} {target.address}:{target.port} by {target.outer_port}"
    for forward in lan.forwards:
        yield f"names {_list(forward.domains)} from {_list(forward.servers)}{' with ipv6' if forward.ipv6 else ''}"
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
    for softwire in intent.softwires:
        share = f" {softwire.share.address} port set {softwire.share.psid}" if softwire.share else ""
        yield f"softwire {softwire.interface} by {softwire.port} {softwire.local} to {softwire.remote}{share}"
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
    for shaper in intent.shapers:
        yield f"sends at most {shaper.mbit} Mbit/s dev {shaper.interface} overhead {shaper.overhead}"


def _list(value: object) -> str:
    return ",".join(str(item) for item in value) or "none" if isinstance(value, tuple) else str(value)
