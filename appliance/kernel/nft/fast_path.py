"""What of a table this machine can carry at this moment: its fast path needs a kernel that has one, and devices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from appliance.intent.firewall import Chain, FlowTable, Offload, Table


def fitting(table: Table, present: Collection[str], offloads: bool) -> Table:
    """The table without what hangs on devices that are not there, and without a fast path where `offloads` is false.

    Nothing is less closed for it: connections take the way through all the rules. Pure.
    """
    flow_tables = tuple(_on(flows, present) for flows in table.flow_tables) if offloads else ()
    flow_tables = tuple(flows for flows in flow_tables if flows.devices)
    known = {flows.name for flows in flow_tables}
    chains = (_without_offload(_hooked(chain, present), known) for chain in table.chains)
    return replace(
        table,
        flow_tables=flow_tables,
        chains=tuple(
            chain for chain in chains if not (chain.hook and chain.hook.hook == "ingress" and not chain.hook.devices)
        ),
    )


def _on(flows: FlowTable, present: Collection[str]) -> FlowTable:
    return replace(flows, devices=tuple(device for device in flows.devices if device in present))


def _hooked(chain: Chain, present: Collection[str]) -> Chain:
    if chain.hook is None or not chain.hook.devices:
        return chain
    there = tuple(device for device in chain.hook.devices if device in present)
    return replace(chain, hook=replace(chain.hook, devices=there))


def _without_offload(chain: Chain, known: Collection[str]) -> Chain:
    def stays(verdict: object) -> bool:
        return not isinstance(verdict, Offload) or verdict.flow_table in known

    return replace(chain, rules=tuple(rule for rule in chain.rules if stays(rule.verdict)))
