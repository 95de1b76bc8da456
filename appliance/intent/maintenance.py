"""Remote maintenance: who may come, and which terminals' services consent can open to him."""

from __future__ import annotations

from appliance.account.model import Account
from appliance.intent.model import Maintainer, Maintenance, MaintenanceTarget
from appliance.intent.names import FIRST_MAINTENANCE_PORT, MAINTENANCE_PORTS
from appliance.intent.services import lasting_ports
from appliance.site.model import Site


def maintenance(account: Account, site: Site) -> Maintenance:
    addresses = {terminal.name: terminal.address for terminal in site.terminals}
    wanted = [(choice.terminal, port) for choice in site.maintenance for port in choice.ports]
    outer = lasting_ports((f"{name}:{port}" for name, port in wanted), FIRST_MAINTENANCE_PORT, MAINTENANCE_PORTS)
    return Maintenance(
        maintainers=tuple(Maintainer(one.name, one.addresses) for one in account.maintainers) if wanted else (),
        targets=tuple(MaintenanceTarget(name, addresses[name], port, outer[f"{name}:{port}"]) for name, port in wanted),
    )
