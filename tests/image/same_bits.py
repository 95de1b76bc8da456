"""Whether two builds of the image are the same, and what is not.

    python -m tests.image.same_bits FOLDER FOLDER

A signature holds the moment of its making, so each differs from every other: what is compared is what was signed.
"""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.image.partitions import partitions

_FAT = slice(82, 87)
"""Where a FAT32 file system says that it is one."""
_SIGNED_VARIABLES = ".auth"
"""Updates of the firmware's variables (UEFI 2.10, 8.2.6): a time, a signature, and what is the same."""


def main(one: Path, other: Path) -> int:
    differences = list(compare(one, other))
    for line in differences:
        print(f"differs: {line}")
    return 1 if differences else 0


def compare(one: Path, other: Path) -> Iterator[str]:
    """Names of the parts that are not the same but for signatures; prints those that are."""
    first, second = contents(one), contents(other)
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) == second.get(name):
            print(f"same: {name} {first[name]}")
        else:
            yield name


def contents(folder: Path) -> dict[str, str]:
    """Each part of a build and its SHA-256: partitions, the files of the ESP, Debian's packages."""
    manifest = json.loads((folder / "sekisho.manifest").read_text())
    found = {"packages": _digest(json.dumps(manifest["packages"]).encode())}
    for number, partition in enumerate(partitions(folder / "sekisho.raw"), 1):
        place = (partition.name, partition.type, partition.uuid, partition.offset, partition.size)
        found[f"partition {number}'s entry"] = _digest(repr(place).encode())
        data = partition.read(0, partition.size)
        if data[_FAT] == b"FAT32":
            found |= {f"ESP: {name}": digest for name, digest in _files(data)}
        else:
            found[f"partition {number}"] = _digest(data)
    return found


def without_signature(image: bytes) -> bytes:
    """A PE image without its certificate table and checksum (Microsoft PE/COFF specification, "Certificate Data"), nor
    those of the kernel in it, which is signed by itself too (UAPI Group, Unified Kernel Image, ``.linux``)."""
    at = struct.unpack_from("<I", image, 0x3C)[0]
    # The optional header begins after the signature and the file header; here PE32+, as EFI on x86-64 has it.
    optional = at + 24
    directory = optional + 112 + 4 * 8
    start, size = struct.unpack_from("<II", image, directory)
    bare = bytearray(image[:start] + image[start + size :] if size else image)
    bare[optional + 64 : optional + 68] = bytes(4)
    bare[directory : directory + 8] = bytes(8)
    count, headers = struct.unpack_from("<H12xH", image, at + 6)
    for header in range(optional + headers, optional + headers + count * 40, 40):
        name, length, _, _, place = struct.unpack_from("<8sIIII", image, header)
        if name.rstrip(b"\0") == b".linux":
            bare[place : place + length] = without_signature(image[place : place + length])
    return bytes(bare)


def _files(esp: bytes) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        image, tree = Path(folder, "esp"), Path(folder, "tree")
        image.write_bytes(esp)
        tree.mkdir()
        subprocess.run(["mcopy", "-s", "-n", "-i", image, "::", tree], check=True, capture_output=True, timeout=120)
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            data, name = path.read_bytes(), str(path.relative_to(tree))
            if path.suffix == _SIGNED_VARIABLES:
                continue
            yield name, _digest(without_signature(data) if data[:2] == b"MZ" else data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
