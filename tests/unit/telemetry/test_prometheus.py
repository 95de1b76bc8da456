"""Debian's Prometheus, with the configuration of docs/metrics.md, scrapes the server at a clinic's inner address."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from appliance.telemetry.metrics import render
from appliance.telemetry.server import MetricsServer

INNER = IPv4Address("203.0.113.129")
API = "http://127.0.0.1:9090/api/v1"
LIMIT = 90.0


def query(expression: str) -> list[dict[str, Any]]:
    """Empty while Prometheus does not answer yet."""
    url = f"{API}/query?{urllib.parse.urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            found: list[dict[str, Any]] = json.load(response)["data"]["result"]
            return found
    except OSError:
        return []


def wait_for(expression: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + LIMIT
    while not (found := query(expression)):
        assert time.monotonic() < deadline, f"waited in vain for {expression}"
        time.sleep(0.1)
    return found


@pytest.mark.isolated
def test_prometheus_stores_every_sample_under_the_clinics_name(full, examples: Path):
    subprocess.run(["ip", "address", "add", f"{INNER}/32", "dev", "lo"], check=True, timeout=10)
    configuration = examples / "prometheus.yml"
    configuration.write_text(
        configuration.read_text().replace("scrape_interval: 30s", "scrape_interval: 1s").replace("10s", "1s")
    )
    server = MetricsServer(lambda: full)
    server.start(INNER, 9464)
    prometheus = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={configuration}",
            f"--storage.tsdb.path={examples / 'data'}",
            "--web.listen-address=127.0.0.1:9090",
            "--log.level=warn",
        ]
    )
    try:
        wait_for('up{job="sekisho",clinic="clinic-0001",instance="203.0.113.129:9464"} == 1')
        stored = {
            tuple(sorted(found["metric"].items())): float(found["value"][1])
            for found in wait_for('{__name__=~"sekisho_.*"}')
        }
    finally:
        prometheus.terminate()
        prometheus.wait(30)
        server.stop()
    origin = {"job": "sekisho", "clinic": "clinic-0001", "instance": f"{INNER}:9464"}
    assert stored == {
        tuple(sorted({"__name__": sample.name, **sample.labels, **origin}.items())): sample.value
        for family in parse(render(full))
        for sample in family.samples
    }
