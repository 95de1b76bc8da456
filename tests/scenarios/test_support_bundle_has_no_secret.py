"""Secrets lie everywhere on this router; the support bundle tells much, and none of them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.lab import observe, waiting
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

PLANTED = "planted-secret-0123456789"
LINE_PASSWORD = 'lab "line" password #7'
PLACES = (
    "/etc/sekisho/notes.txt",
    "/var/lib/sekisho/notes",
    "/var/lib/sekisho/history/000999.json",
    "/run/sekisho/log/planted.log",
    "/run/sekisho/engines/planted.conf",
    "/root/.bash_history",
)


def bundle(world: World) -> dict[str, str]:
    """Its files."""
    world.router.sekisho("support-bundle", "--out", "/tmp/bundle.tar.gz", timeout=120)
    data = world.machines["router"].inside(lambda: Path("/tmp/bundle.tar.gz").read_bytes())
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {}
        for member in tar:
            stream = tar.extractfile(member)
            assert stream is not None
            found[member.name.removeprefix("sekisho-support/")] = stream.read().decode()
    return found


def secrets(world: World) -> set[str]:
    """All that the router holds and that is nobody's business, in the forms in which it could be written."""
    router = world.machines["router"]
    found = {PLANTED, LINE_PASSWORD, world.account.code, world.account.code.replace("-", "")}
    for clinic in world.account.clinics.values():
        found.add(clinic.preshared_key)
    for tunnel in ("sk-dc1", "sk-dc2"):
        dump = router.run("wg", "show", tunnel, "dump").stdout.split()
        found.add(dump[0])
    for key in ("clinic.key", "gate.key"):
        lines = (world.pki_directory / key).read_text().splitlines()
        found |= {line for line in lines if not line.startswith("-") and len(line) > 16}
    return found


def last_written(world: World, light: str) -> str:
    """The light's last state on record."""
    lights = json.loads(world.router.sekisho("history", "--json").stdout)["lights"]
    return next((change["state"] for change in lights["changes"] if change["light"] == light), "")


def test_support_bundle_has_no_secret(clinic: World) -> None:
    router = clinic.machines["router"]
    site = router.read("/etc/sekisho/site.toml")
    marked = site.replace("受付", PLANTED).replace("見本商会", f"{PLANTED} Ltd.")
    router.write("/etc/sekisho/site.toml", f"# the administrator's password is {PLANTED}\n{marked}", 0o600)
    clinic.router.apply()
    clinic.router.log_in("wan", LINE_PASSWORD)
    for place in PLACES:
        router.write(place, f"{PLANTED} {LINE_PASSWORD}\n", 0o600)
    observe.await_green(clinic)
    clinic.router.sekisho("diagnose", "names", "certificates", check=False, timeout=120)
    # What the lights showed is written down at most every five seconds.
    waiting.until(lambda: last_written(clinic, "engine") == "ok", "the record of a green light")
    parts = bundle(clinic)
    for secret in secrets(clinic):
        holders = [name for name, text in parts.items() if secret in text]
        assert not holders, holders
    manifest = json.loads(parts["manifest.json"])
    assert set(manifest["parts"]) | {"manifest.json"} == set(parts)
    assert manifest["left_out"] == []
    assert {light["state"] for light in json.loads(parts["lights.json"])["lights"]} == {"ok"}
    assert json.loads(parts["lights-history.json"])["lights"]["engine"][-1][2] == "ok"
    assert json.loads(parts["settings.json"])["terminals"][0]["name"] == "reception"
    assert manifest["serials"]["account"] == 1
    assert "chain lan_forward" in parts["firewall.nft"]
    assert "interface sk-dc1" in parts["wireguard.txt"]
    assert "BIRD" in parts["bird.txt"]
    assert json.loads(parts["versions.json"])["sekisho"]
    assert {check["name"] for check in json.loads(parts["checks.json"]) if check["outcome"]} == {
        "names",
        "certificates",
    }
    assert "support.bundle" in clinic.router.sekisho("audit", "list", "--json").stdout
