"""Account and settings in, the whole wanted router out."""

from __future__ import annotations

from appliance.account.model import Account
from appliance.intent import checks, edges, lines, maintenance, services, shapers, sysctls, tunnels
from appliance.intent.model import Bfd, RouterIntent
from appliance.intent.rules import ground, table
from appliance.site.model import Site


def compile(account: Account, site: Site) -> RouterIntent:
    """All that this router should be. Pure: equal arguments give equal intents.

    Raises SekishoError (codes ``intent.*``) for an account and settings that are each valid
    but cannot work together.
    """
    checks.refuse_contradictions(account, site)
    wanted_lines = lines.lines(site)
    wanted_tunnels = tunnels.tunnels(account, site, wanted_lines)
    wanted_services = services.services(account)
    asked_ports = services.asked_ports(account)
    wanted_lan = edges.lan(site)
    wanted_time = edges.time(account, site)
    wanted_maintenance = maintenance.maintenance(account, site)
    inner_address = account.tunnels[0].inner_address if account.tunnels else None
    return RouterIntent(
        clinic_id=account.clinic.id,
        inner_address=inner_address,
        lines=wanted_lines,
        lan=wanted_lan,
        tunnels=wanted_tunnels,
        services=wanted_services,
        asked_ports=asked_ports,
        tunnel_dns=account.dns,
        monitoring=account.monitoring,
        time=wanted_time,
        bfd=Bfd(account.bfd.interval_ms, account.bfd.multiplier),
        addresses=edges.addresses(site, wanted_lan) + tunnels.addresses(wanted_tunnels),
        routes=edges.routes(wanted_lan) + lines.routes(site, wanted_lines) + tunnels.routes(wanted_tunnels),
        rules=lines.rules(wanted_lines) + tunnels.rules(wanted_tunnels),
        sysctls=sysctls.sysctls(wanted_lan.interfaces, wanted_lines, wanted_tunnels),
        page_names=account.page.names if account.page else (),
        maintenance=wanted_maintenance,
        shapers=shapers.shapers(site, wanted_lines, wanted_tunnels),
        firewall=table.table(
            ground.Ground.of(
                wanted_lan,
                wanted_lines,
                wanted_tunnels,
                wanted_services,
                asked_ports,
                account.dns,
                account.monitoring,
                wanted_time,
                wanted_maintenance,
            )
        ),
    )
