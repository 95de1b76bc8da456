"""What servers show of themselves, and what daemon and gate process say to each other."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance import pins
from appliance.control.feed_gate import _note_refusal
from appliance.errors import SekishoError
from appliance.gate import config, staple
from appliance.gate.channel import Channel
from appliance.gate.client import GateClient
from appliance.gate.loop import Loop
from appliance.gate.server import Gate
from appliance.unreadable import UNREADABLE
from tests.fuzz import der
from tests.fuzz.target import target

_PATIENCE = 20.0
"""Seconds, after which nobody waits any more."""
_SCRATCH = TemporaryDirectory()
_CHANNEL_PATH = Path(_SCRATCH.name) / "gate.sock"
_LOOP = Loop()
Channel(_LOOP, _CHANNEL_PATH).serve(Gate(_LOOP, lambda *_: None, 10))
_RESPONSE = der.ocsp_content()
_KEYS = ('"services"', '"terminals"', '"revoked"', '"listen"', '"presented"', '"upstreams"', '"open"', '"by_address"')
_REFUSAL = ('"refused"', '"refusal"', '"times"', '"service"', '"terminal"', '"address"', '"reason"', '"detail"')
_CALLS = ('"jsonrpc"', '"id"', '"method"', '"params"', '"configure"', '"close"', '"stats"', '"result"', '"error"')


@target()
def identity(certificate: bytes) -> None:
    """Who looks into the same certificate with another library finds the same."""
    for one in (certificate, der.signed(certificate)):
        try:
            found = pins.identity_of(one)
        except ValueError:
            continue
        with suppress(*UNREADABLE):
            read = x509.load_der_x509_certificate(one)
            number = bytes.fromhex(found.mark.partition(":")[2])
            assert int.from_bytes(number, "big", signed=True) == read.serial_number
            assert found.mark.startswith(sha256(read.issuer.public_bytes()).hexdigest()[:16])
            key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if key in one:  # It is not where the encoding could have been another.
                assert found.pin == "sha256/" + b64encode(sha256(key).digest()).decode()


@target()
def list_issuer(revocations: bytes) -> None:
    with suppress(ValueError):
        pins.issuer_of_list(revocations)


@target()
def stapled(response: bytes) -> None:
    for one in (response, der.ocsp_response(response)):
        assert staple.word(one, der.LEAF, der.AUTHORITY, der.NOW) in staple.Word


@target()
def stapled_signer(certificate: bytes) -> None:
    """The certificate of whoever speaks for the authority, as it comes and signed by the authority."""
    for one in (certificate, der.signed(certificate)):
        response = der.ocsp_response(_RESPONSE, one, signer=3)
        assert staple.word(response, der.LEAF, der.AUTHORITY, der.NOW) in staple.Word


@target(longest=4096, words=_KEYS)
def configuration(message: bytes) -> None:
    try:
        known = json.loads(message)
    except (ValueError, RecursionError):
        return
    try:
        understood = config.parse(known)
    except SekishoError as refused:
        assert "secret" not in f"{refused!r} {refused.text.ja}"
        return
    assert config.parse(understood.as_json()) == understood
    assert "secret" not in repr(understood)


@target(longest=4096, words=_KEYS + _CALLS)
def channel(lines: bytes) -> None:
    """The gate's ear: it hears what the daemon says, and lives on."""
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.connect(str(_CHANNEL_PATH))
        daemon.setblocking(False)
        _LOOP.turn()
        daemon.send(lines)
        daemon.shutdown(socket.SHUT_WR)
        said = bytearray()
        while True:
            _LOOP.turn()
            with suppress(BlockingIOError):
                while heard := daemon.recv(65536):
                    said += heard
                break
    for line in said.splitlines():
        assert json.loads(line)["jsonrpc"] == "2.0"


@target(words=(*_CALLS, *_REFUSAL, '"code"', '"ja"'))
def told(lines: bytes) -> None:
    """The daemon's ear: the gate process meets strangers, and what it says may be theirs."""
    asyncio.run(_hear(lines))


async def _hear(lines: bytes) -> None:
    reader = asyncio.StreamReader()
    ours, theirs = socket.socketpair()
    with theirs:
        _, writer = await asyncio.open_connection(sock=ours)
        client = GateClient(reader, writer, _note_refusal)
        asked = asyncio.create_task(client.stats())
        await asyncio.sleep(0)
        reader.feed_data(lines)
        reader.feed_eof()
        async with asyncio.timeout(_PATIENCE):
            await client.closed.wait()
            with suppress(SekishoError, RuntimeError, ConnectionError):
                await asked
            await client.close()
