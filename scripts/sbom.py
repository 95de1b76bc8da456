"""What is in the firmware image: an SBOM (SPDX 2.3), and the list of what has a newer version in the archive.

    sbom.py MANIFEST PYTHON NEWER OUTPUT

MANIFEST: mkosi's, of Debian's packages. PYTHON: the folder with the Python packages. NEWER: lines "package version
suite" of what apt offers today. Writes OUTPUT.spdx.json and OUTPUT.pending.txt.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

RELEASE = "trixie"


def main(manifest: Path, python: Path, newer: Path, output: Path) -> None:
    made = json.loads(manifest.read_text())
    name, version = made["config"]["name"], made["config"]["version"]
    debian = [package for package in made["packages"] if package["type"] == "deb"]
    packages = sorted([*map(_deb, debian), *_pypi(python)], key=lambda package: str(package["SPDXID"]))
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}",
        "documentNamespace": f"https://sekisho.example/sbom/{name}-{version}",
        "creationInfo": {
            # The image's own date: the same image has the same list.
            "created": datetime.fromtimestamp(_epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: sekisho-sbom"],
        },
        "packages": [_package("image", name, version, f"pkg:generic/{name}@{version}"), *packages],
        "relationships": [
            _related("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image"),
            *(_related("SPDXRef-image", "CONTAINS", str(package["SPDXID"])) for package in packages),
        ],
    }
    output.with_suffix(".spdx.json").write_text(json.dumps(document, indent=1) + "\n")
    installed = {package["name"]: package["version"] for package in debian}
    output.with_suffix(".pending.txt").write_text("".join(pending(installed, newer.read_text())))


def pending(installed: Mapping[str, str], offered: str) -> Iterator[str]:
    """A line for each package of which the archive has a newer version; with the suite, which tells security."""
    best: dict[str, tuple[str, str]] = {}
    for line in offered.splitlines():
        package, version, suite = line.split()
        if package in installed and _is_newer(version, best.get(package, (installed[package], ""))[0]):
            best[package] = version, suite
    for package, (version, suite) in sorted(best.items()):
        yield f"{package} {installed[package]} -> {version} ({suite})\n"


@functools.cache
def _is_newer(one: str, other: str) -> bool:
    return one != other and subprocess.run(["dpkg", "--compare-versions", one, "gt", other]).returncode == 0


def _deb(package: Mapping[str, str]) -> dict[str, Any]:
    name, version, architecture = package["name"], package["version"], package["architecture"]
    place = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}&distro={RELEASE}"
    return _package(f"deb-{name}", name, version, place)


def _pypi(folder: Path) -> Iterator[dict[str, Any]]:
    for found in distributions(path=[str(folder)]):
        name, version = found.metadata["Name"], found.version
        license = found.metadata.get("License-Expression")
        yield _package(f"pypi-{name}", name, version, f"pkg:pypi/{quote(name.lower())}@{version}", license)


def _package(identity: str, name: str, version: str, place: str, license: str | None = None) -> dict[str, Any]:
    return {
        "SPDXID": "SPDXRef-" + "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in identity),
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": license or "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": place},
        ],
    }


def _related(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def _epoch() -> int:
    lines = Path("firmware-image/mkosi.conf").read_text().splitlines()
    return next(int(line.partition("=")[2]) for line in lines if line.startswith("SourceDateEpoch="))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
