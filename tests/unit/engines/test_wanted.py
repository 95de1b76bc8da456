from __future__ import annotations

from typing import Any

import pytest

from appliance import paths
from appliance.engines.bird import Standing
from appliance.engines.wanted import engines_for
from appliance.health.titles import helper_title
from appliance.intent.compile import compile as compile_intent
from appliance.secret import Secret
from tests.builders import WITHOUT_TUNNELS, lab_account, lab_site

STANDINGS = {"dc1": Standing(200), "dc2": Standing(190)}
STATIC = {
    "kind": "static",
    "interface": "wan0",
    "address": "192.0.2.70/28",
    "gateway": "192.0.2.65",
    "dns": ["198.51.100.53"],
}


def test_the_daemons_of_a_router() -> None:
    specs = engines_for(compile_intent(lab_account(), lab_site()), STANDINGS, {})
    assert [spec.name for spec in specs] == ["dhcpcd-wan", "bird", "gate", "dnsmasq", "chrony", "web"]
    assert {spec.name: spec.user for spec in specs} == {
        "dhcpcd-wan": "sekisho-line",
        "bird": "bird",
        "gate": "sekisho-gate",
        "dnsmasq": "dnsmasq",
        "chrony": "_chrony",
        "web": "sekisho-web",
    }
    assert all(helper_title(spec.name).ja != spec.name for spec in specs), "staff are told what has stopped"
    web = specs[-1]
    assert web.argv[-3:] == ("webui", "--socket", "/run/sekisho/page/http.sock")


def test_a_static_line_needs_no_dhcp_client() -> None:
    specs = engines_for(compile_intent(lab_account(), lab_site(wan=STATIC)), STANDINGS, {})
    assert not any(spec.name.startswith("dhcpcd") for spec in specs)


def test_without_tunnels_nobody_watches_them() -> None:
    specs = engines_for(compile_intent(lab_account(**WITHOUT_TUNNELS), lab_site()), {}, {})
    assert "bird" not in {spec.name for spec in specs}


def test_a_session_needs_its_password_and_a_line_that_is_left_alone_nobody() -> None:
    wan = {"kind": "pppoe", "interface": "wan0", "user": "clinic-0001@provider.example"}
    intent = compile_intent(lab_account(), lab_site(wan=wan))

    def first(**given: Any) -> str:
        return engines_for(intent, STANDINGS, {}, **given)[0].name

    passwords = {"wan": Secret("secret")}
    assert first(passwords=passwords) == "pppd-wan"
    assert helper_title("pppd-wan").ja != "pppd-wan"
    assert first() == first(passwords=passwords, resting={"wan"}) == "bird"


def test_no_secret_leaves_the_intent() -> None:
    intent = compile_intent(lab_account(), lab_site())
    secrets = [
        key.get_secret_value() for tunnel in intent.tunnels for key in (tunnel.private_key, tunnel.preshared_key)
    ]
    for spec in engines_for(intent, STANDINGS, {}):
        shown = [*spec.argv, *(file.content for file in spec.files)]
        assert not [secret for secret in secrets for text in shown if secret in text]


def test_every_file_has_one_owner_and_lives_where_files_live() -> None:
    specs = engines_for(compile_intent(lab_account(), lab_site()), STANDINGS, {})
    files = [file.path for spec in specs for file in spec.files]
    assert len(files) == len(set(files))
    assert {path.parent for path in files} == {paths.ENGINES}


def test_an_order_that_forgets_a_tunnel_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        engines_for(compile_intent(lab_account(), lab_site()), {"dc1": Standing(200)}, {})
