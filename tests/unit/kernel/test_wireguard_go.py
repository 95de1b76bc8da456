"""The daemon for kernels without WireGuard: what is told when it cannot start, and that it goes with its interface."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.errors import SekishoError
from appliance.kernel import wireguard_go
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import wireguard_processes


@in_namespace
def test_it_answers_once_started_and_ends_with_its_interface() -> None:
    wireguard_go.start("sk-dc1")
    assert wireguard_go.is_running("sk-dc1")
    assert "tun" in sh("ip -d link show sk-dc1")
    assert len(wireguard_processes()) == 1
    sh("ip link del sk-dc1")
    wireguard_go.wait_until_gone("sk-dc1")
    assert not wireguard_go.is_running("sk-dc1")
    assert sh("ls /run/wireguard") == ""
    wireguard_go.wait_until_gone("sk-dc1")


@in_namespace
def test_a_dead_daemons_socket_does_not_hinder_the_next() -> None:
    wireguard_go.start("sk-dc1")
    (process,) = wireguard_processes()
    os.kill(process, 9)
    wireguard_go.wait_until_gone("sk-dc1")
    sh("touch /run/wireguard/sk-dc1.sock")
    wireguard_go.start("sk-dc1")
    assert wireguard_go.is_running("sk-dc1")


@in_namespace
def test_without_tun_the_daemons_own_words_are_told() -> None:
    sh("mount --bind /dev/null /dev/net/tun")
    with pytest.raises(SekishoError) as refused:
        wireguard_go.start("sk-dc1")
    assert refused.value.code == "kernel.wireguard-go"
    assert "TUN" in refused.value.text.en


@in_namespace
def test_without_the_program_that_is_told() -> None:
    sh("mkdir /run/bin && ln -s $(command -v setsid) /run/bin/setsid")
    os.environ["PATH"] = "/run/bin"
    with pytest.raises(SekishoError) as refused:
        wireguard_go.start("sk-dc1")
    assert refused.value.code == "kernel.wireguard-go"
    assert "wireguard-go" in refused.value.text.ja


@in_namespace
def test_its_log_cannot_grow() -> None:
    """It complains for ever while its peer is out of reach, into a memory file of fixed size."""
    wireguard_go.start("sk-dc1")
    (process,) = wireguard_processes()
    target = str(Path(f"/proc/{process}/fd/2").readlink())
    assert target.startswith("/memfd:")
    with pytest.raises(PermissionError), open(f"/proc/{process}/fd/2", "ab", buffering=0) as log:
        log.write(b"x" * 100_000)
    assert Path(f"/proc/{process}/fd/2").stat().st_size == 4096
    assert str(Path(f"/proc/{process}/fd/0").readlink()) == "/dev/null"
    assert str(Path(f"/proc/{process}/cwd").readlink()) == "/"
