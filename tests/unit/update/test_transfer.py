"""From a bundle into the slot, by file and by web: only what is missing, and nothing that is not what was signed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from appliance.account import keys
from appliance.errors import SekishoError
from appliance.update import bundle, gpt, image, look, make, slots, transfer
from appliance.update.acceptance import Device
from appliance.update.core import Offer
from appliance.update.disk import opened
from appliance.update.entries import Entries
from appliance.update.job import Web
from appliance.update.source import FileSource, Source, WebSource, signed_manifest
from appliance.update.transfer import Figures
from tests.unit.update import world

OLD, NEW = world.build("1.0.0"), world.build("1.1.0", changed=3000)
KEY = keys.generate()


@dataclass
class Server:
    port: int = 0
    path: Path = Path()
    etag: str = '"one"'
    asked: list[tuple[int, int]] = field(default_factory=list)
    breaks_after: int = 10**9
    impatient: bool = False
    """It closes each connection that has nothing to answer, which servers do after some seconds or minutes."""


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            data = found.path.read_bytes()
            first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
            wanted = data[first : last + 1]
            if self.headers.get("If-None-Match") == found.etag:
                return self.say(304, b"")
            if self.headers.get("If-Match", found.etag) != found.etag:
                return self.say(412, b"")
            found.asked.append((first, len(wanted)))
            if not wanted:
                return self.say(416, b"")
            found.breaks_after -= 1
            return self.say(206, wanted, whole=found.breaks_after >= 0)

        def say(self, status: int, body: bytes, whole: bool = True) -> None:
            self.send_response(status)
            self.send_header("ETag", found.etag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if whole else body[: len(body) // 2])
            self.close_connection = not whole or found.impatient

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    found.port = web.server_address[1]
    yield found
    web.shutdown()
    web.server_close()


class Router:
    def __init__(self, folder: Path) -> None:
        self.disk, self.esp = folder / "disk", folder / "esp"
        self.disk.write_bytes(world.disk(OLD))
        self.esp.mkdir()
        (self.esp / "sekisho_1.0.0.efi").write_bytes(OLD.uki)

    def install(self, source: Source) -> Figures:
        facts = make.manifest.opened(signed := signed_manifest(source), {KEY.thumbprint(): KEY})
        with opened(self.disk) as disk:
            pair = slots.slots(gpt.read(disk.read), OLD.root_uuid).running
            return transfer.install(facts, source, len(signed), disk, pair, Entries(self.esp), "1.0.0", lambda *_: None)

    def boots(self) -> str:
        with opened(self.disk) as disk:
            return world.boots(disk.read, self.esp)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.bundle(tmp_path_factory.mktemp("made"), NEW, 7, KEY)[0]


def web(server: Server, etag: str | None = None) -> WebSource:
    return WebSource("fw.cloud.example", "127.0.0.1", server.port, "/f", "127.0.0.1", etag, timeout=20)


def test_only_what_is_not_there_comes_over_the_line(made: Path, server: Server, tmp_path: Path) -> None:
    router, server.path = Router(tmp_path), made
    with web(server) as source:
        assert not source.is_as_before()
        figures = router.install(source)
        received = source.received
    Entries(router.esp).arm("1.1.0")
    assert router.boots() == "1.1.0"
    # Some three of eight chunks were moved or changed; what only moved is here.
    assert figures.fetched < 0.5 * made.stat().st_size
    assert figures.local > len(NEW.root) // 3
    assert received < 0.6 * made.stat().st_size
    with web(server, '"one"') as source:
        assert source.is_as_before()


def test_a_transfer_that_broke_off_goes_on_from_there(made: Path, server: Server, tmp_path: Path) -> None:
    router, server.path, server.breaks_after = Router(tmp_path), made, 3
    with web(server) as source, pytest.raises(SekishoError) as broken:
        router.install(source)
    assert broken.value.code == "firmware.source"
    assert router.boots() == "1.0.0"
    server.breaks_after = 10**9
    with web(server) as source:
        figures = router.install(source)
    assert figures.kept > 0
    with web(server) as source:
        assert router.install(source) == Figures(kept=sum(map(len, (NEW.root, NEW.verity, NEW.uki))))
    Entries(router.esp).arm("1.1.0")
    assert router.boots() == "1.1.0"


def test_a_server_that_has_not_waited_is_asked_again(made: Path, server: Server, tmp_path: Path) -> None:
    """Between the manifest and the first chunk a slow machine looks through its slots for minutes."""
    router, server.path, server.impatient = Router(tmp_path), made, True
    with web(server) as source:
        router.install(source)
    Entries(router.esp).arm("1.1.0")
    assert router.boots() == "1.1.0"


def test_a_file_that_is_replaced_meanwhile_is_not_mixed_with_the_old_one(
    made: Path, server: Server, tmp_path: Path
) -> None:
    router, server.path = Router(tmp_path), made
    with web(server, '"zero"') as source, pytest.raises(SekishoError) as replaced:
        router.install(source)
    assert replaced.value.code == "firmware.replaced"


def test_what_the_data_center_offers(made: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.path = made
    monkeypatch.setattr(image, "trusted", lambda: {KEY.thumbprint(): KEY})
    monkeypatch.setattr("appliance.update.acceptance._check_dates", lambda *_: None)
    monkeypatch.setattr(image, "device", lambda floor: Device("1.0.0", "qemu", floor, 2))
    place = Web("fw.cloud.example", "127.0.0.1", server.port, "/f", "127.0.0.1", None)
    assert look.web(place, 6, True) == (Offer("1.1.0", 7, ""), '"one"')
    # An hour later: 32 bytes asked for, none come.
    server.asked.clear()
    assert look.web(replace(place, etag='"one"'), 6, True) == (None, '"one"')
    assert not server.asked
    # And once it runs it is no news, and no trouble.
    monkeypatch.setattr(image, "device", lambda floor: Device("1.1.0", "qemu", floor, 2))
    assert look.web(place, 7, True) == (None, '"one"')


def test_a_stick_needs_no_line(made: Path, tmp_path: Path) -> None:
    router = Router(tmp_path)
    with FileSource(made) as source:
        router.install(source)
    Entries(router.esp).arm("1.1.0")
    assert router.boots() == "1.1.0"


@pytest.mark.parametrize("where", ["head", "manifest", "signature", "first chunk", "last byte", "cut", "longer"])
def test_what_is_not_as_it_was_signed_is_refused(where: str, made: Path, tmp_path: Path) -> None:
    router, data = Router(tmp_path), bytearray(made.read_bytes())
    size = bundle.manifest_size(bytes(data[: bundle.HEAD]))
    at = {"head": 3, "manifest": 400, "signature": bundle.HEAD + size - 5, "first chunk": bundle.HEAD + size + 10}
    if where in at:
        data[at[where]] ^= 1
    elif where == "last byte":
        data[-1] ^= 1
    elif where == "cut":
        del data[-100:]
    else:
        data += b"x"
    damaged = tmp_path / "damaged.firmware"
    damaged.write_bytes(data)
    trusted = {KEY.thumbprint(): KEY}
    codes = {"head": "not-a-bundle", "manifest": "tampered", "signature": "tampered", "cut": "cut-off"}
    with pytest.raises(SekishoError) as refused:
        facts, signed = make.read(damaged, trusted)
        make.refuse_altered(damaged, facts, signed)
    assert refused.value.code == f"firmware.{codes.get(where, 'altered')}"
    # Whoever comes by it otherwise: the slot is never said to be whole with a byte that was not signed.
    try:
        with FileSource(damaged) as source:
            router.install(source)
    except SekishoError:
        assert router.boots() == "1.0.0"
    else:
        Entries(router.esp).arm("1.1.0")
        assert router.boots() == "1.1.0"


def test_another_key_s_and_another_kind_s_signature_are_none(made: Path) -> None:
    with pytest.raises(SekishoError) as unknown:
        make.read(made, {(other := keys.generate()).thumbprint(): other})
    assert unknown.value.code == "firmware.unknown-desk"


def test_what_runs_must_be_proven_before_its_way_back_is_given_up(made: Path, tmp_path: Path) -> None:
    router = Router(tmp_path)
    (router.esp / "sekisho_1.0.0.efi").rename(router.esp / "sekisho_1.0.0+1-1.efi")
    (router.esp / "sekisho_0.9.0.efi").write_bytes(b"older")
    before = router.disk.read_bytes()
    with FileSource(made) as source, pytest.raises(SekishoError) as refused:
        router.install(source)
    assert refused.value.code == "firmware.not-proven"
    assert (router.esp / "sekisho_0.9.0.efi").exists()
    assert router.disk.read_bytes() == before


def test_what_a_change_costs_is_told(made: Path, tmp_path: Path) -> None:
    old, trusted = world.bundle(tmp_path, OLD, 6, KEY)
    (before, _), (after, signed) = make.read(old, trusted), make.read(made, trusted)
    found = make.difference(before, after, signed)
    assert found.slot == len(NEW.root) + len(NEW.verity) + len(NEW.uki)
    assert found.bundle == made.stat().st_size
    assert signed < found.fetched < found.bundle / 2
