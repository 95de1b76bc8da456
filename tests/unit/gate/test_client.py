"""The daemon's client and the real gate process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.errors import SekishoError
from appliance.gate.client import GateClient, Refusal
from appliance.gate.config import GateConfig, parse


def test_a_configuration_survives_the_way_to_the_process(config_for: Callable[..., GateConfig]) -> None:
    config = config_for(443, terminals={"192.0.2.10": "front", "192.0.2.11": "back"})
    assert parse(config.as_json()) == config


def test_keys_are_in_no_representation(config_for: Callable[..., GateConfig]) -> None:
    assert "PRIVATE" not in repr(config_for(443))


def test_the_daemon_configures_counts_closes_and_hears_refusals(
    gate: Any,
    terminal: Any,
    pki: Any,
    servers: Any,
    server_of: Any,
    until_end: Any,
    config_for: Any,
    assert_refused: Any,
) -> None:
    async def speak() -> None:
        heard: asyncio.Queue[tuple[Refusal | None, int]] = asyncio.Queue()
        client = await GateClient.connect(gate.path, lambda refusal, times: heard.put_nowait((refusal, times)))
        config = config_for(servers.start_tls(server_of(pki.engine, pki.engines.pem), until_end))
        assert await client.configure(config) is True
        assert await client.configure(config) is False

        connection = await asyncio.to_thread(terminal.connect, pki.terminal)
        assert (await client.stats())["connections"] == {"receipt": 1}
        assert await client.close_connections(service="receipt", reason="wrong-pin") == 1
        connection.close()

        await client.configure(replace(config, terminals={}))
        await asyncio.to_thread(assert_refused)
        refusal, times = await asyncio.wait_for(heard.get(), 20)
        assert refusal and (refusal["reason"], times) == ("unknown-terminal", 1)

        bad = replace(config, services=(replace(config.services[0], trust_anchors="nonsense"),))
        with pytest.raises(SekishoError) as refused:
            await client.configure(bad)
        assert refused.value.code == "gate.bad-certificate"
        await client.close()

    asyncio.run(speak())


def test_the_end_of_the_process_is_noticed(gate: Any) -> None:
    async def speak() -> None:
        client = await GateClient.connect(gate.path, lambda *_: None)
        gate.process.terminate()
        assert await asyncio.to_thread(gate.process.wait, 20) == 0
        await asyncio.wait_for(client.closed.wait(), 20)
        with pytest.raises(ConnectionError):
            await client.stats()
        await client.close()

    asyncio.run(speak())


def test_nobody_listening_is_an_oserror(tmp_path: Any) -> None:
    with pytest.raises(OSError):
        asyncio.run(GateClient.connect(tmp_path / "gate.sock", lambda *_: None))
