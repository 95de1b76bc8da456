"""docs/metrics.md says what the router does: names, types, labels, units, examples."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from appliance.telemetry.metrics import render

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


@dataclass(frozen=True)
class Row:
    name: str
    type: str
    labels: frozenset[str]
    unit: str
    meaning: str
    alert: str


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `sekisho_"):
            name, kind, labels, unit, meaning, alert = (cell.strip() for cell in line.strip("| ").split(" | "))
            found.append(Row(name.strip("`"), kind, frozenset(re.findall(r"`(\w+)`", labels)), unit, meaning, alert))
    return found


def test_the_table_lists_exactly_what_is_exposed(full):
    exposed = {}
    for family in parse(render(full)):
        for sample in family.samples:
            exposed[sample.name] = (family.type, frozenset(sample.labels))
    assert {row.name: (row.type, row.labels) for row in rows()} == exposed
    assert len(rows()) == len(exposed)


def test_the_unit_in_the_table_is_the_one_in_the_name():
    for row in rows():
        for unit in ("seconds", "bytes"):
            assert (unit in row.unit) == (f"_{unit}" in row.name), row.name


def test_every_row_is_told_in_both_languages():
    for row in rows():
        assert re.search(r"[ぁ-ん一-龠].* / [A-Z0-9]", row.meaning), row.name


def test_every_example_alert_of_the_table_is_an_expression_about_its_metric(tmp_path, promtool):
    rules = [{"alert": row.name, "expr": row.alert.strip("`")} for row in rows()]
    assert all(rule["alert"] in rule["expr"] for rule in rules)
    # JSON is YAML (YAML 1.2, section 1.3).
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "table", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in promtool("check", "rules", tmp_path / "rules.yml")


def test_promtool_takes_the_configuration_and_the_five_rules(examples, promtool):
    promtool("check", "config", examples / "prometheus.yml")
    assert "SUCCESS: 5 rules found" in promtool("check", "rules", examples / "sekisho.rules.yml")


def test_the_rules_name_only_what_exists(examples):
    known = {row.name for row in rows()}
    assert (
        set(re.findall(r"sekisho_\w+", "".join(re.findall("expr: .*", (examples / "sekisho.rules.yml").read_text()))))
        <= known
    )


FIRING = {
    "SekishoRouterSilent": ('up{job="sekisho",clinic="c"}', "1 0x20", "5m", "6m"),
    "SekishoEngineClosed": ('sekisho_light{light="engine",state="failed"}', "0 1x20", "2m", "4m"),
    "SekishoEngineRefused": ('sekisho_proofs_total{service="receipt",outcome="refused"}', "0 0 1x20", "1m", "3m"),
    "SekishoTunnelPathDown": ('sekisho_tunnel_path_up{tunnel="dc2"}', "1 0x20", "10m", "12m"),
    "SekishoCertificateEnding": (
        'sekisho_certificate_remaining_seconds{subject="identity"}',
        "2592030-60x80",
        "60m",
        "65m",
    ),
}


@pytest.mark.parametrize("alert", FIRING)
def test_each_rule_fires_when_it_should_and_not_before(alert, examples, promtool):
    series, values, quiet_until, fired_at = FIRING[alert]
    rules = (examples / "sekisho.rules.yml").read_text()
    rule = re.search(rf"alert: {alert}\n.*?severity: (\w+)\n.*?summary: \"(.*?)\"\n", rules, re.DOTALL)
    assert rule is not None
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series))
    summary = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels.get(match[1], ""), rule[2])
    fires = {"exp_labels": {**labels, "severity": rule[1]}, "exp_annotations": {"summary": summary}}
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": values}],
        "alert_rule_test": [
            {"eval_time": quiet_until, "alertname": alert, "exp_alerts": []},
            {"eval_time": fired_at, "alertname": alert, "exp_alerts": [fires]},
        ],
    }
    (examples / "test.yml").write_text(json.dumps({"rule_files": ["sekisho.rules.yml"], "tests": [test]}))
    promtool("test", "rules", examples / "test.yml")
