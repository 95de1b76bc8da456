"""What is handed out as a capture."""

from __future__ import annotations

import asyncio
import base64
import errno
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.control import capturing as module
from appliance.control.capturing import Capturing, Order
from appliance.errors import SekishoError
from appliance.intent.compile import compile
from tests.builders import lab_account, lab_site

ORDER = Order("lan", 5, 16, False)


class Spoken:
    """The connection of `Wire`, whose other end does what a test says."""

    def __init__(self, hear: Callable[[socket.socket], object]) -> None:
        self.socket, end = socket.socketpair()

        def run() -> None:
            with end:
                hear(end)

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def close(self) -> None:
        self.socket.close()
        self._thread.join(5)


def piece(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def record(
    folder: Path, monkeypatch: pytest.MonkeyPatch, hear: Callable[[socket.socket], object]
) -> tuple[Capturing, str, bytes]:
    """A whole capture; its file's name and what was in it when it had begun."""
    monkeypatch.setattr(module, "Wire", lambda _: Spoken(hear))
    monkeypatch.setattr(module, "_interface", lambda *_: "lan0")

    async def capture() -> tuple[Capturing, str, bytes]:
        capturing = Capturing(folder)
        name = (await capturing.start(ORDER, compile(lab_account(), lab_site())))["name"]
        begun = (folder / name).read_bytes()
        await capturing.stop()
        return capturing, name, begun

    return asyncio.run(capture())


def test_no_name_leads_to_another_file(tmp_path: Path) -> None:
    folder, name = tmp_path / "captures", "20261123-100503-lan.pcap"
    folder.mkdir()
    for file in (folder / name, tmp_path / name, folder / "notes"):
        file.write_bytes(b"pcap")
    capturing = Capturing(folder)
    assert capturing.read(name) == {"name": name, "data": base64.b64encode(b"pcap").decode()}
    for other in (f"../{name}", f"{folder}/{name}", "notes", f"{name}\n", f"{name}\0", f"{name}.json", ""):
        with pytest.raises(SekishoError, match=r"capture\.unknown"):
            capturing.read(other)


def test_it_has_begun_when_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow router: whoever is told "started" does at once what is to be seen."""

    def hear(end: socket.socket) -> None:
        time.sleep(0.5)
        end.sendall(piece(b"head"))
        assert end.recv(1) == b"", "until somebody says that it is enough"
        end.sendall(piece(b"more") + piece(b"") + b'{"packets": 1, "bytes": 8, "lost": 0, "full": false}\n')

    capturing, name, begun = record(tmp_path, monkeypatch, hear)
    assert begun == b"head"
    assert (tmp_path / name).read_bytes() == b"headmore"
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    done = capturing.show()["captures"][0]
    assert (done["packets"], done["lost"], done["full"]) == (1, 0, False)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0\0", id="half a length"),
        pytest.param(b"\x7f\xff\xff\xff" + b"x" * 4096, id="a piece without end"),
        pytest.param(b"\0\0\4\0" + b"x" * 1024 + b"\0\1\0\0" + b"x" * 65536, id="more than was asked for"),
        pytest.param(b"\0\0\0\0[]\n", id="a result that is none"),
        pytest.param(b"\0\0\0\0" + b"9" * (1 << 17), id="a result without end"),
        pytest.param(b"\0\0\0\0" + b"[" * 60000 + b"\n", id="a result without bottom"),
        pytest.param(b'\0\0\0\0{"packets": Infinity, "lost": 0, "full": false}\n', id="a number without end"),
        pytest.param(b'\0\0\0\0{"packets": [], "lost": 0, "full": false}\n', id="a number that is none"),
    ],
)
def test_who_hears_strangers_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    def hear(end: socket.socket) -> None:
        with suppress(OSError):
            end.sendall(said)

    capturing, name, _ = record(tmp_path, monkeypatch, hear)
    done = capturing.show()["captures"][0]
    assert done["name"] == name
    assert (done["packets"], done["full"]) == (None, None)
    assert done["bytes"] <= ORDER.kilobytes * 1024


def test_a_capture_is_over_when_what_it_found_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk: whoever sees it listed sees what it came to, and nobody is told that there is nothing to stop."""
    write_text = Path.write_text

    def slowly(path: Path, text: str) -> int:
        time.sleep(0.3)
        return write_text(path, text)

    monkeypatch.setattr(Path, "write_text", slowly)
    monkeypatch.setattr(module, "Wire", lambda _: Spoken(lambda end: end.sendall(piece(b"head"))))
    monkeypatch.setattr(module, "_interface", lambda *_: "lan0")

    async def watch() -> tuple[dict[str, object], dict[str, object]]:
        capturing = Capturing(tmp_path)
        await capturing.start(ORDER, compile(lab_account(), lab_site()))
        async with asyncio.timeout(60):
            while not (seen := capturing.show()["captures"]):
                await asyncio.sleep(0)
        await capturing.stop()
        return seen[0], capturing.show()["captures"][0]

    seen, afterwards = asyncio.run(watch())
    assert seen == afterwards
    assert seen["lost"] is None


def test_without_room_for_what_it_found_it_is_over_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    capturing, name, _ = record(tmp_path, monkeypatch, lambda end: end.sendall(piece(b"head")))
    assert capturing.show() == {"running": None, "captures": [{"name": name, "bytes": 4}]}


def test_only_one_at_a_time_however_soon_the_other_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Wire", lambda _: Spoken(lambda end: end.recv(1)))
    monkeypatch.setattr(module, "_interface", lambda *_: "lan0")
    monkeypatch.setattr(module, "_START", 0.1)

    async def both() -> Sequence[object]:
        capturing, intent = Capturing(tmp_path), compile(lab_account(), lab_site())
        found = await asyncio.gather(*(capturing.start(ORDER, intent) for _ in "ab"), return_exceptions=True)
        await capturing.stop()
        return found

    assert sorted(isinstance(found, SekishoError) for found in asyncio.run(both())) == [False, True]
