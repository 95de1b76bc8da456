"""What we remember outlives the process, readable by root alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from appliance.intent.model import Address
from appliance.kernel.memory import FirewallMemory, Memory, _decode, _encode

ADDRESSES = st.builds(
    Address,
    st.text(min_size=1, max_size=15),
    st.builds(IPv4Interface, st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32))),
    st.none() | st.builds(IPv4Address, st.integers(1, 2**32 - 1)),
)
PRINTS = st.dictionaries(st.text(), st.lists(st.lists(st.text(), min_size=2, max_size=2)))
MEMORIES = st.builds(
    Memory,
    st.just(Path("x")),
    st.sets(ADDRESSES),
    st.sets(st.text()),
    st.dictionaries(st.text(), st.text()),
    st.none() | st.builds(FirewallMemory, PRINTS, PRINTS),
)


@given(MEMORIES)
def test_it_comes_back_as_it_was(memory: Memory) -> None:
    again = _decode(memory.path, _encode(memory))
    assert again == memory
    assert list(again.sysctls) == list(memory.sysctls)


def test_it_is_kept_in_one_private_file_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "run" / "kernel.json"
    memory = Memory.load(path)
    assert memory == Memory(path)
    memory.forget()
    memory.ports.add("lan0")
    memory.save()
    assert path.stat().st_mode & 0o777 == 0o600
    assert Memory.load(path).ports == {"lan0"}
    memory.forget()
    assert not path.exists()
    assert Memory.load(path) == Memory(path)


def test_a_spoilt_file_does_not_stop_the_router(tmp_path: Path) -> None:
    path = tmp_path / "kernel.json"
    for spoilt in (b"", b"\xff\xfe", b"[]", b'{"addresses": [["lan0"]]}', b'{"addresses":[],"ports":1}'):
        path.write_bytes(spoilt)
        assert Memory.load(path) == Memory(path)
