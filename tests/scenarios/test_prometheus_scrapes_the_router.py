"""The data center's Prometheus reads the router's metrics through the tunnel; nobody else can."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.waiting import until
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

PROMETHEUS_PORT = 9090
CONFIGURATION = f"""\
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: sekisho
    static_configs:
      - targets: ["{addresses.CLINIC_INNER}:{observe.METRICS_PORT}"]
        labels:
          clinic: {addresses.CLINIC_ID}
"""
AS_MONITORING = f"""
table ip monitoring {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip daddr {addresses.CLINIC_INNER} tcp dport {observe.METRICS_PORT} ip saddr {addresses.CORE.ip} \
tcp sport 32768-60999 snat to {addresses.MONITORING.ip}
  }}
}}
"""
"""The monitoring host and the core router are one machine in this world; Prometheus cannot choose its address."""


def test_prometheus_scrapes_the_router(clinic: World) -> None:
    core = clinic.machines["core"]
    inner = str(addresses.CLINIC_INNER)
    # From an inner address that the account does not list nothing is answered, and a few seconds are enough to see it.
    with pytest.raises(TimeoutError):
        core.connect(inner, observe.METRICS_PORT, timeout=3)

    core.run("nft", "-f", "-", input=AS_MONITORING)
    core.write("/etc/prometheus.yml", CONFIGURATION)
    core.popen(
        *("prometheus", "--config.file=/etc/prometheus.yml", "--storage.tsdb.path=/var/lib/prometheus"),
        f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
    )
    port = clinic.relay("core", "127.0.0.1", PROMETHEUS_PORT)
    until(lambda: _value(port, 'up{job="sekisho"}') == 1, "Prometheus has scraped the router", limit=60, pause=0.5)
    for light in ("router", "line", "tunnel", "engine", "certificates"):
        assert _value(port, f'sekisho_light{{clinic="{addresses.CLINIC_ID}",light="{light}",state="ok"}}') == 1
    assert _value(port, 'sekisho_tunnel_carrying{tunnel="dc1"}') == 1
    assert _value(port, "sum(sekisho_permitted_addresses)") == 4
    assert (_value(port, "count({__name__=~'sekisho_.*'})") or 0) < 200

    # By the spare tunnel, too.
    clinic.stop_concentrator(1)
    carrying = 'sekisho_tunnel_carrying{tunnel="dc2"}'
    until(lambda: _value(port, carrying) == 1, "Prometheus hears it", limit=60, pause=0.5)
    observe.promtool_check(observe.scrape(clinic))

    for role in ("reception", "lan-attacker"):
        for address in (inner, str(addresses.ROUTER_LAN.ip)):
            seconds_to_refusal(clinic.machines[role], address, observe.METRICS_PORT)
    upper = clinic.machines["upper"]
    wan = next(word for word in upper.read("/run/leases").split() if word.startswith("192.0.2.7"))
    upper.ip(f"route add {inner} via {wan}\n")
    for address in (inner, wan):
        with pytest.raises(TimeoutError):
            upper.connect(address, observe.METRICS_PORT, timeout=3)


def _value(port: int, query: str) -> float | None:
    """What Prometheus' HTTP API answers to a query with one result, None without any."""
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            found: list[dict[str, Any]] = json.load(response)["data"]["result"]
    except OSError:
        return None
    return float(found[0]["value"][1]) if found else None
