"""Finds out what kind of line is at a port: before anything is set up, or while everything is at work."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

from appliance.control import apart, holdings
from appliance.diagnose.line.evidence import LineEvidence
from appliance.diagnose.line.verdict import Finding, classify
from appliance.errors import SekishoError
from appliance.kernel.line import raised
from appliance.text import Text

Taken = list[tuple[Text, IPv4Network]]


def find(interface: str | None = None) -> Finding:
    """Look for some seconds. interface: None for the first line's port of site.toml.

    Raises SekishoError: no port is named anywhere, there is no such port, or nobody can listen there.
    """
    edited = holdings.edited_line()
    if interface is None:
        if edited is None:
            raise SekishoError(
                "diagnose.which-port",
                "どのポートを調べるかがわかりません。「sekisho line find --interface ポート名」と書いてください。",
                'which port? Write "sekisho line find --interface PORT".',
            )
        interface, _ = edited
    return classify(ask(interface), _taken(edited[1] if edited else ()))


def ask(interface: str) -> LineEvidence:
    """What answers at a port: as a process of its own hears it. Blocking, some seconds; raises as `find`."""
    with raised(interface) as linked:
        if not linked:
            return LineEvidence(interface, carrier=False)
        heard: LineEvidence = apart.call("appliance.control.hearing", "line", interface)
        return heard


def as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "headline": finding.headline.as_dict(),
        "ways": [{"kind": way.kind, "why": way.why.as_dict(), "toml": way.toml} for way in finding.ways],
        "warnings": [{"code": code, "text": text.as_dict()} for code, text in finding.warnings],
    }


def _taken(clinic: Iterable[IPv4Network]) -> Taken:
    taken: Taken = [(Text("院内のネットワーク", "a network of the clinic"), network) for network in clinic]
    try:
        ready = holdings.resumed()
    except SekishoError:
        ready = None
    if ready is not None:
        name = Text("データセンター側のネットワーク", "the data center's network")
        taken += [(name, prefix) for tunnel in ready.intent.tunnels for prefix in tunnel.allowed_prefixes]
    return list(dict.fromkeys(taken))
