"""What was rendered for the daemons can be read back."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.engines import bird, dnsmasq, told
from appliance.engines.bird import Standing
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


@pytest.mark.parametrize("first", [Standing(120), Standing(120, watched=False), Standing(120, True, 1280)])
def test_standings_come_back(tmp_path: Path, first: Standing) -> None:
    intent = compile_intent(lab_account(), lab_site())
    config = tmp_path / "bird.conf"
    told_last = {"dc1": first, "dc2": Standing(199, False, 1300)}
    config.write_text(bird.render(intent, told_last))
    assert told.standings(intent, config) == told_last


def test_a_fresh_router_was_told_nothing(tmp_path: Path) -> None:
    intent = compile_intent(lab_account(), lab_site())
    assert told.answers(tmp_path / "hosts") == {}
    assert told.standings(intent, tmp_path / "bird.conf") == {}


def test_what_a_damaged_file_says_was_not_told(tmp_path: Path) -> None:
    intent = compile_intent(lab_account(), lab_site())
    hosts, config = tmp_path / "hosts", tmp_path / "bird.conf"
    hosts.write_bytes(b"203.0.113.17 a.example\n\xff\xfe\n203.0.113\nnowhere b.example\n")
    assert told.answers(hosts) == {"a.example": (IPv4Address("203.0.113.17"),)}
    rendered = bird.render(intent, {"dc1": Standing(120), "dc2": Standing(199)})
    config.write_text(rendered.replace("preference 120;", f"preference {'9' * 5000};"))
    assert told.standings(intent, config) == {"dc2": Standing(199)}
