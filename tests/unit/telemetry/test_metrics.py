"""What is exposed, and above all what is not."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from appliance.telemetry.metrics import registry, render
from appliance.telemetry.snapshot import GateFigures, PacketCount, Snapshot, TunnelFigures
from tests.golden import golden

GOLDEN = Path(__file__).parent / "golden" / "full.prom"


def samples(snapshot: Snapshot) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(render(snapshot))
        for sample in family.samples
    }


def names(snapshot: Snapshot) -> set[str]:
    return {name for name, _ in samples(snapshot)}


def test_a_router_of_which_everything_is_known(full):
    rendered = render(full)
    assert rendered == golden(GOLDEN, rendered)


def test_promtool_has_nothing_to_say(full, promtool):
    for snapshot in (full, Snapshot("1.2.3")):
        assert promtool("check", "metrics", stdin=render(snapshot)) == ""


def test_of_a_router_of_which_nothing_is_known_only_the_version_is_told():
    assert samples(Snapshot("1.2.3")) == {("sekisho_build_info", (("version", "1.2.3"),)): 1}


def test_an_unknown_figure_of_a_tunnel_is_absent_and_the_known_ones_are_not():
    shown = Snapshot(
        "1", tunnels={"dc1": TunnelFigures(None, False, True, False, False, "wan", 1394, None, None, None)}
    )
    assert names(shown) == {
        "sekisho_build_info",
        *(
            f"sekisho_tunnel_{known}"
            for known in ("carrying", "engines_answer", "pinned", "drained", "line", "mtu_bytes")
        ),
    }
    mixed = Snapshot(
        "1",
        tunnels={
            "dc1": TunnelFigures(True, True, True, False, False, "wan", 1394, 0.0, 0, 0),
            "dc2": TunnelFigures(None, False, True, False, False, "wan", 1394, None, None, None),
        },
    )
    ages = {key: value for key, value in samples(mixed).items() if key[0] == "sekisho_tunnel_handshake_age_seconds"}
    assert ages == {("sekisho_tunnel_handshake_age_seconds", (("tunnel", "dc1"),)): 0}


def test_zero_is_told_when_it_was_looked_at():
    zero = Snapshot("1", permitted={"receipt": 0}, differences_repaired=0, firewall={"refused_lan": PacketCount(0, 0)})
    shown = samples(zero)
    assert shown["sekisho_permitted_addresses", (("service", "receipt"),)] == 0
    assert shown["sekisho_repaired_differences_total", ()] == 0
    assert shown["sekisho_firewall_bytes_total", (("counter", "refused_lan"),)] == 0


def test_a_light_shows_exactly_one_state(full):
    lit: dict[str, list[str]] = {}
    for (name, labels), value in samples(full).items():
        if name == "sekisho_light" and value:
            lit.setdefault(dict(labels)["light"], []).append(dict(labels)["state"])
    assert lit == {light: [state] for light, state in full.lights.items()}


def test_every_outcome_of_a_proof_has_a_series_before_its_first_event():
    shown = samples(Snapshot("1", permitted={"receipt": 0}, proofs={("other", "refused"): 1}))
    outcomes = {labels: value for (name, labels), value in shown.items() if name == "sekisho_proofs_total"}
    assert outcomes == {
        (("outcome", outcome), ("service", service)): float((service, outcome) == ("other", "refused"))
        for service in ("other", "receipt")
        for outcome in ("proven", "refused", "unreachable")
    }


def test_an_expired_certificate_counts_below_zero():
    shown = samples(Snapshot("1", certificate_days={"identity": -0.5}))
    assert shown["sekisho_certificate_remaining_seconds", (("subject", "identity"),)] == -43_200


def test_nothing_of_the_process_or_the_machine_is_told(full):
    assert {name for name in names(full) if not name.startswith("sekisho_")} == set()


def test_a_whole_clinic_costs_few_series():
    lights = dict.fromkeys(("router", "line", "tunnel", "engine", "certificates"), "ok")
    services = ("receipt", "receipt-gate")
    clinic = Snapshot(
        "1",
        lights=lights,
        tunnels={
            name: TunnelFigures(True, True, True, False, False, "wan", 1394, 1.0, 1, 1) for name in ("dc1", "dc2")
        },
        permitted=dict.fromkeys(services, 2),
        gate={"receipt-gate": GateFigures(1, 1, 1, 1, 1, 1)},
        gate_refusals={("receipt-gate", f"reason-{number}"): 1 for number in range(10)},
        certificate_days={f"subject-{number}": 1.0 for number in range(6)},
        firewall={f"counter_{number}": PacketCount(1, 1) for number in range(10)},
        settings_applied_at=1.0,
        differences_repaired=0,
        fast_path=False,
        account_serial=1,
        trust_serial=1,
    )
    assert len(samples(clinic)) <= 100


def test_openmetrics_carries_the_same_samples(full):
    told = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_openmetrics(openmetrics(registry(lambda: full)).decode())
        for sample in family.samples
    }
    assert told == samples(full)


def test_each_scrape_asks_the_source_once(full):
    asked = []
    source = registry(lambda: asked.append(1) or full)
    openmetrics(source)
    assert len(asked) == 1


@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=20), st.integers(0, 2**63)))
def test_any_name_comes_out_as_it_went_in(permitted):
    told = {
        dict(labels)["service"]: value
        for (name, labels), value in samples(Snapshot("1", permitted=permitted)).items()
        if name == "sekisho_permitted_addresses"
    }
    assert told == {service: float(count) for service, count in permitted.items()}
