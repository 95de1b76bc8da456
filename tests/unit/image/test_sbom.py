"""The image's list of contents, and what of it is out of date."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from tests.lab.filesystem import PROJECT

_SCRIPT = runpy.run_path(str(PROJECT / "scripts" / "sbom.py"))
OFFERED = """\
bash 5.2.37-2 trixie/main
bash 5.2.37-2+deb13u1 trixie-security/main
bash 5.2.37-2+deb13u2 trixie-security/main
dash 0.5.12-12 trixie/main
elsewhere 1 trixie/main
"""


def test_pending_names_the_newest_and_its_suite() -> None:
    installed = {"bash": "5.2.37-2", "dash": "0.5.12-12", "gone": "1"}
    assert list(_SCRIPT["pending"](installed, OFFERED)) == [
        "bash 5.2.37-2 -> 5.2.37-2+deb13u2 (trixie-security/main)\n"
    ]


def test_every_package_has_a_place_and_belongs_to_the_image(tmp_path: Path) -> None:
    package = {"type": "deb", "name": "libstdc++6", "version": "14.2.0-19", "architecture": "amd64"}
    manifest = tmp_path / "sekisho.manifest"
    manifest.write_text(json.dumps({"config": {"name": "sekisho", "version": "1.2.3"}, "packages": [package]}))
    python = tmp_path / "python" / "h11-0.16.0.dist-info"
    python.mkdir(parents=True)
    (python / "METADATA").write_text("Metadata-Version: 2.4\nName: h11\nVersion: 0.16.0\nLicense-Expression: MIT\n")
    (tmp_path / "offered").write_text("")
    _SCRIPT["main"](manifest, python.parent, tmp_path / "offered", tmp_path / "sekisho")
    document = json.loads((tmp_path / "sekisho.spdx.json").read_text())
    places = {entry["externalRefs"][0]["referenceLocator"] for entry in document["packages"]}
    assert places == {
        "pkg:generic/sekisho@1.2.3",
        "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=trixie",
        "pkg:pypi/h11@0.16.0",
    }
    identities = {entry["SPDXID"] for entry in document["packages"]}
    contained = {relation["relatedSpdxElement"] for relation in document["relationships"]}
    assert contained == identities
    assert len(identities) == 3
