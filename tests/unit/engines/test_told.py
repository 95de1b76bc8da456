"""What was rendered for the daemons can be read back."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from appliance.engines import bird, dnsmasq, told
from appliance.intent.compile import compile as compile_intent
from tests.builders import lab_account, lab_site


def test_answers_come_back(tmp_path: Path) -> None:
    answers = {
        "a.example": (IPv4Address("203.0.113.17"), IPv4Address("203.0.113.33")),
        "b.example": (IPv4Address("203.0.113.18"),),
    }
    hosts = tmp_path / "hosts"
    hosts.write_text(dnsmasq.render_hosts(answers))
    assert told.answers(hosts) == answers


def test_preferences_come_back(tmp_path: Path) -> None:
    intent = compile_intent(lab_account(), lab_site())
    config = tmp_path / "bird.conf"
    config.write_text(bird.render(intent, {"dc1": 120, "dc2": 199}))
    assert told.preferences(intent, config) == {"dc1": 120, "dc2": 199}


def test_a_fresh_router_was_told_nothing(tmp_path: Path) -> None:
    intent = compile_intent(lab_account(), lab_site())
    assert told.answers(tmp_path / "hosts") == {}
    assert told.preferences(intent, tmp_path / "bird.conf") == {}
