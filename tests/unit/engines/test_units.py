"""The units give each daemon exactly what it is made for, and what is left open is what the guide's table says."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.engines import clock, fast_path
from appliance.engines.bird import Standing
from appliance.engines.spec import EngineSpec
from appliance.engines.wanted import engines_for
from appliance.intent.compile import compile as compile_intent
from appliance.secret import Secret
from tests.builders import lab_account, lab_site
from tests.lab.filesystem import PROJECT

FILES = PROJECT / "firmware-image" / "files"
UNITS = FILES / "usr/lib/systemd/system"
OURS = sorted(path.name.replace("@.", "@wan.") for path in UNITS.glob("sekisho*.*") if path.is_file())
SERVICES = [name for name in OURS if name.endswith(".service")]
EXTRA = PROJECT / "firmware-image" / "mkosi.extra"
OF_THE_IMAGE = sorted(path.name for path in (EXTRA / "usr/lib/systemd/system").glob("*.*"))
"""Only the firmware has these; among them some in the place of Debian's own."""
GUIDE = (PROJECT / "docs" / "sandbox.md").read_text()
PROMISED = 2.0
ERRANDS = (fast_path.TRIAL, clock.setting(datetime(2026, 11, 1, tzinfo=UTC)))
"""What does one thing and ends; its log is systemd's."""

PPPOE = {"kind": "pppoe", "interface": "wan0", "user": "clinic-0001@provider.example"}
INTERNET = [
    {"name": "reception", "label": "受付", "mac": "02:00:00:00:02:10", "address": "192.0.2.10", "internet": True}
]


def _specs() -> dict[str, EngineSpec]:
    """By unit, every one that there can be."""
    found = list(ERRANDS)
    for site in (lab_site(), lab_site(wan=PPPOE)):
        intent = compile_intent(lab_account(), site)
        standings = {tunnel.name: Standing(200) for tunnel in intent.tunnels}
        found += engines_for(intent, standings, {}, owns_clock=True, passwords={"wan": Secret("secret")})
    return {f"{spec.unit}.service": spec for spec in found}


SPECS = _specs()


class Unit:
    """systemd.syntax(7), as far as our files use it."""

    def __init__(self, name: str) -> None:
        lines = (UNITS / name.replace("@wan", "@")).read_text().splitlines()
        self._set = [line.partition("=")[::2] for line in lines if "=" in line and not line.startswith("#")]

    def last(self, name: str) -> str:
        return next((value for given, value in reversed(self._set) if given == name), "")

    def words(self, name: str) -> set[str]:
        return {word for given, value in self._set if given == name for word in value.split()}


def test_every_daemon_has_its_unit_and_every_unit_its_daemon() -> None:
    assert {name for name in SERVICES if name.startswith("sekisho-engine-")} - SPECS.keys() == {
        # Only with terminals on the internet or networks without IPv6, and made of the same parts.
        "sekisho-engine-dnsmasq-outside.service"
    }
    assert SPECS.keys() <= set(SERVICES)


@pytest.mark.parametrize("name", SPECS)
def test_a_unit_gives_what_its_daemon_is_made_for(name: str) -> None:
    spec, unit = SPECS[name], Unit(name)
    kept = {f"CAP_{capability.upper()}" for capability in spec.capabilities}
    assert unit.last("User") == (spec.user or "")
    assert unit.words("AmbientCapabilities") == kept
    if spec.user:
        assert unit.words("CapabilityBoundingSet") == kept
    assert (unit.last("CPUSchedulingPolicy") == "rr") == spec.is_prompt
    assert ("~geteuid:0" in unit.words("SystemCallFilter")) == spec.insists_on_root
    if spec not in ERRANDS:
        assert unit.last("StandardOutput").replace("%i", "wan") == f"append:/run/sekisho/log/{spec.name}.log"


def test_what_units_see_of_the_disk_is_there_before_they_start() -> None:
    made = {}
    for line in (FILES / "usr/lib/tmpfiles.d/sekisho.conf").read_text().splitlines():
        if not line.startswith("#"):
            _, path, mode, owner, group, _ = line.split()
            made[path] = (int(mode, 8), owner, group)
    for spec in SPECS.values():
        for directory in spec.directories:
            mode, owner, group = made[str(directory.path)]
            assert (mode, owner) == (directory.mode, directory.owner or "root")
            assert group == (directory.group or owner)
    for name in SERVICES:
        for place in Unit(name).words("ReadWritePaths"):
            # With a dash before it, a unit does without.
            assert place.startswith(("-", "/proc/")) or place in made, name


def test_what_an_earlier_version_s_dhcpcd_kept_as_root_becomes_its_own(tmp_path: Path) -> None:
    """systemd-tmpfiles(8) changes no file of root's in a directory that is another's."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    users = tmp_path / "users.conf"
    users.write_text((FILES / "usr/lib/sysusers.d/sekisho.conf").read_text() + "u dnsmasq -\n")
    kept = root / "var/lib/dhcpcd/duid"
    kept.parent.mkdir(parents=True)
    kept.touch(0o644)
    _make(root, "systemd-sysusers", users)
    _make(root, "systemd-tmpfiles", "--create", FILES / "usr/lib/tmpfiles.d/sekisho.conf")
    number = re.search(r"^sekisho-line:x:(\d+):", (root / "etc/passwd").read_text(), re.MULTILINE)
    found = kept.stat()
    assert number and (found.st_uid, found.st_mode & 0o777) == (int(number[1]), 0o600)


def _make(root: Path, command: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [command, f"--root={root}", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine's disk, as far as systemd looks at it to judge our units."""
    root = tmp_path_factory.mktemp("root")
    for files in (FILES, EXTRA):
        shutil.copytree(files / "usr", root / "usr", symlinks=True, dirs_exist_ok=True)
    tools = ("env", "python3", "rmdir", "sekisho", "sleep", "systemctl", "systemd-mount")
    for program in (*(f"usr/bin/{tool}" for tool in tools), "usr/sbin/nft"):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).touch(0o755)
    return root


def _analyze(root: Path, *arguments: str) -> str:
    command = ["systemd-analyze", "--no-pager", f"--root={root}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_understands_every_unit(root: Path) -> None:
    assert _analyze(root, "verify", "--man=no", "--recursive-errors=no", *OURS, *OF_THE_IMAGE) == ""


def test_what_is_left_open_is_what_the_guide_says(root: Path) -> None:
    said = {
        name: float(figure) for name, figure in re.findall(r"^\| `(sekisho\S*)` \| (\d\.\d) \|", GUIDE, re.MULTILINE)
    }
    found = {}
    for name in (*SERVICES, *(name for name in OF_THE_IMAGE if re.match(r"sekisho.*\.service", name))):
        told = _analyze(root, "security", "--offline=true", name)
        found[name.removesuffix(".service").replace("@wan", "@")] = float(
            re.findall(r"Overall exposure level for \S+: (\d+\.\d)", told)[0]
        )
    assert found == said
    assert max(found.values()) <= PROMISED


def test_what_has_to_start_by_itself_does() -> None:
    """In every start: what only counts a trial's starts (sekisho-good.service) is not there in the others."""
    wanted = {
        name: re.findall(r"^WantedBy=(\S+)$", (UNITS / name).read_text(), re.MULTILINE)
        for name in ("sekisho-closed.service", "sekisho.service", "sekisho-panel.service")
    }
    assert wanted == {
        "sekisho-closed.service": ["sysinit.target"],
        "sekisho.service": ["multi-user.target"],
        "sekisho-panel.service": ["multi-user.target"],
    }
