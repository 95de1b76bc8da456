"""A signed kernel image without what each signing makes anew."""

from __future__ import annotations

import struct

from tests.image.same_bits import without_signature

_HEADERS = 0x200
_OPTIONAL = 0x80 + 24


def signed(content: bytes, signature: bytes) -> bytes:
    image = bytearray(_HEADERS) + content
    image[:2] = b"MZ"
    struct.pack_into("<I", image, 0x3C, 0x80)
    struct.pack_into("<I", image, _OPTIONAL + 64, sum(signature))
    struct.pack_into("<II", image, _OPTIONAL + 112 + 32, len(image) if signature else 0, len(signature))
    return bytes(image) + signature


def around(kernel: bytes, signature: bytes) -> bytes:
    """A unified kernel image: a signed one with one section."""
    image = bytearray(signed(kernel, signature))
    struct.pack_into("<H12xH", image, 0x80 + 6, 1, 240)
    struct.pack_into("<8sIIII", image, _OPTIONAL + 240, b".linux", len(kernel), 0, len(kernel), _HEADERS)
    return bytes(image)


def test_only_the_signature_is_left_out() -> None:
    first, second = signed(b"kernel", b"made at nine"), signed(b"kernel", b"made later, at ten")
    assert first != second
    assert without_signature(first) == without_signature(second)
    assert without_signature(signed(b"Kernel", b"made at nine")) != without_signature(first)
    assert without_signature(first) != first
    assert without_signature(signed(b"kernel", b"")) == without_signature(first)


def test_nor_is_that_of_the_kernel_inside() -> None:
    first, second = (around(signed(b"kernel", when), when) for when in (b"made at 09", b"made at 10"))
    assert first != second
    assert without_signature(first) == without_signature(second)
    assert without_signature(around(signed(b"Kernel", b"made at 09"), b"made at 09")) != without_signature(first)
