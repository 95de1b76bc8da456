"""The PPPoE session: what pppd is told, what its hooks write, what its log says. A real one is a scenario."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import paths
from appliance.engines import pppd
from appliance.engines.leases import parse_lease
from appliance.engines.session_log import fault
from appliance.intent.compile import compile as compile_intent
from appliance.secret import Secret
from tests.builders import lab_account, lab_site
from tests.golden import golden

GOLDEN = Path(__file__).with_name("golden")
PPPOE = {"kind": "pppoe", "interface": "wan0", "user": "clinic-0001@provider.example"}
LINE = compile_intent(lab_account(), lab_site(wan=PPPOE)).lines[0]
SESSION = "ppp-wan"


def test_the_configuration() -> None:
    rendered = pppd.render(LINE).replace(str(pppd.UP.parent), "@HOOKS@")
    assert rendered == golden(GOLDEN / "pppd.conf", rendered)


def test_the_password_has_a_file_of_its_own_and_stands_nowhere_else() -> None:
    spec = pppd.pppd_spec(LINE, Secret('se"cr\\et'))
    options, secret = spec.files
    assert secret.content == 'password "se\\"cr\\\\et"\n'
    assert (secret.path.parent, secret.mode) == (paths.SESSION_PASSWORDS, 0o640)
    assert "se" + '"cr' not in " ".join(spec.argv) + options.content + repr(spec)


def hook(script: Path, lease: Path, local: str = "198.51.100.130", **dns: str) -> bytes:
    arguments = [script, SESSION, "", "0", local, "198.51.100.4", lease]
    subprocess.run(arguments, env=dns, check=True, timeout=20)
    return lease.read_bytes()


def test_the_hooks_write_what_the_parser_reads(tmp_path: Path) -> None:
    file = tmp_path / f"{SESSION}.json"
    lease = parse_lease(SESSION, hook(pppd.UP, file, DNS1="198.51.100.53", DNS2="198.51.100.54"))
    assert lease is not None
    assert str(lease.address) == "198.51.100.130/32"
    assert lease.gateway == IPv4Address("198.51.100.4")
    assert lease.dns == (IPv4Address("198.51.100.53"), IPv4Address("198.51.100.54"))
    without_names = parse_lease(SESSION, hook(pppd.UP, file))
    assert without_names is not None
    assert without_names.dns == ()
    assert parse_lease(SESSION, hook(pppd.DOWN, file)) is None


@pytest.mark.parametrize("evil", ['1.2.3.4","x":"', "$(touch evil)", "1.2.3.4;touch evil", "\n", "*"])
def test_the_provider_cannot_write_anything_but_addresses(tmp_path: Path, evil: str) -> None:
    assert parse_lease(SESSION, hook(pppd.UP, tmp_path / "lease", local=evil, DNS1=evil)) is None
    lease = parse_lease(SESSION, hook(pppd.UP, tmp_path / "lease", DNS1=evil))
    assert lease is not None
    assert lease.dns == ()


BEGINS = "Plugin pppoe.so loaded.\nPPPoE plugin from pppd 2.5.2\n"
FOUND = "PPP session is 1 (0x1)\nConnected to 02:00:00:00:03:0b via interface wan0\nUsing interface ppp0\n"


@pytest.mark.parametrize(
    ("log", "meaning"),
    [
        ("", None),
        (BEGINS, None),
        (f"{BEGINS}Timeout waiting for PADO packets\nUnable to complete PPPoE Discovery\n", "no-server"),
        (f"{BEGINS}Unable to complete PPPoE Discovery phase 1\n", "no-server"),
        (f"{FOUND}CHAP authentication failed: Access denied\nCHAP authentication failed\n", "login-refused"),
        (f"{FOUND}PAP authentication failed\nConnection terminated.\n", "login-refused"),
        (f"{FOUND}CHAP authentication succeeded\n", "no-ip"),
        (f"{FOUND}CHAP authentication succeeded\nIPCP: timeout sending Config-Requests\n", "no-ip"),
        (f"{FOUND}CHAP authentication succeeded\nlocal  IP address 198.51.100.130\n", None),
        ("CHAP authentication failed\nTimeout waiting for PADO packets\n", "no-server"),
    ],
)
def test_what_the_log_says(log: str, meaning: str | None) -> None:
    assert fault(log) == meaning


@given(st.text(max_size=400))
def test_any_log_can_be_read(log: str) -> None:
    assert fault(log) in {None, "no-server", "login-refused", "no-ip"}
