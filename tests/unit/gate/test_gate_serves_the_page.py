"""The router's page through the real gate process: browsers with TLS before it, a real web server behind it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.gate.config import GateConfig, PageConfig, parse
from appliance.gate.page_server import CONNECTIONS_OF_A_CLIENT
from tests.unit.gate.pki import Authority
from tests.unit.gate.process import GateProcess, free_port
from tests.unit.gate.waiting import LIMIT

OWN, NAME = "sekisho.test", "page.clinic.example"

_SERVER = """
import sys, time
from waitress.server import create_server

def app(environ, start):
    path = environ["PATH_INFO"]
    if path == "/events":
        start("200 OK", [("Content-Type", "text/event-stream")])
        return ticks()
    if path == "/big":
        start("200 OK", [("Content-Length", str(32 << 20))])
        return (b"x" * 65536 for _ in range(512))
    if path == "/die":
        import os
        os._exit(1)
    body = environ["wsgi.input"].read()
    said = [environ.get("HTTP_SEKISHO_CLIENT", ""), environ.get("HTTP_SEKISHO_CERTIFICATE", ""), str(len(body))]
    start("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(said).encode()]

def ticks():
    for number in range(100000):
        yield b"data: %d\\n\\n" % number
        time.sleep(0.05)

server = create_server(app, unix_socket=sys.argv[1], threads=8)
print("ready", flush=True)
server.run()
"""


class Web:
    """The page's process, as far as the gate can see it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", _SERVER, str(self.path)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Browser:
    """port: for TLS. Trusts nobody but who is named."""

    def __init__(self, port: int, redirect: int, authorities: str) -> None:
        self.port, self.redirect = port, redirect
        self._context = ssl.create_default_context(cadata=authorities)

    def connect(self, name: str = OWN, source: str = "127.0.0.1") -> ssl.SSLSocket:
        sock = socket.create_connection(("127.0.0.1", self.port), LIMIT, source_address=(source, 0))
        return self._context.wrap_socket(sock, server_hostname=name)

    def ask(self, method: str = "GET", path: str = "/", name: str = OWN, **more: Any) -> tuple[int, str]:
        connection = http.client.HTTPConnection("unused")
        connection.sock = self.connect(name)
        with closing(connection):
            connection.request(method, path, headers={"Host": name, **more.pop("headers", {})}, **more)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def authorities() -> tuple[Authority, Authority]:
    return Authority("Own"), Authority("Account")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path / "page.sock")
    web.start()
    yield web
    web.kill()


@pytest.fixture
def page(authorities: tuple[Authority, Authority], web: Web) -> PageConfig:
    own, account = authorities
    return PageConfig(
        listen=("127.0.0.1", free_port()),
        redirect=("127.0.0.1", free_port()),
        process=str(web.path),
        own=own.issue(OWN).pair,
        hosts=("127.0.0.1", OWN),
        vouched=account.issue(NAME).pair,
        vouched_names=(NAME,),
    )


@pytest.fixture
def browser(gate: GateProcess, page: PageConfig, authorities: tuple[Authority, Authority]) -> Browser:
    gate.configure(GateConfig(page=page))
    return Browser(page.listen[1], page.redirect[1], "".join(authority.pem for authority in authorities))


def test_the_page_hears_who_asks(browser: Browser) -> None:
    assert browser.ask() == (200, "127.0.0.1 own 0")
    forged = {"Sekisho-Client": "192.0.2.1", "Sekisho_Client": "192.0.2.1", "Sekisho-Certificate": "account"}
    assert browser.ask(headers=forged) == (200, "127.0.0.1 own 0")


def test_whoever_asks_for_the_accounts_name_is_shown_its_certificate(browser: Browser) -> None:
    assert browser.ask(name=NAME) == (200, "127.0.0.1 account 0")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_no_certificate_is_asked_and_only_the_profile_is_spoken(browser: Browser) -> None:
    with browser.connect() as sock:
        assert sock.version() == "TLSv1.3"
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", browser.port), LIMIT) as plain, pytest.raises(OSError):
        old.wrap_socket(plain)


def test_a_connection_is_used_for_one_call_after_another(browser: Browser) -> None:
    connection = http.client.HTTPConnection("unused")
    connection.sock = browser.connect()
    with closing(connection):
        for size in (0, 100_000, 3):
            connection.request("POST", "/", b"x" * size, {"Host": OWN})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, f"127.0.0.1 own {size}".encode())


def test_events_come_as_they_are_made(browser: Browser, web: Web, gate: GateProcess, eventually: Any) -> None:
    with browser.connect() as sock:
        sock.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        while b"data: 5\n" not in heard:
            heard += sock.recv(65536)
        assert b"data: 100\n" not in heard
    # A browser that leaves is noticed by what the page says next.
    eventually(lambda: gate.stats()["page"] == 0)


def test_a_slow_reader_holds_back_the_page_and_not_the_gate(browser: Browser, gate: GateProcess) -> None:
    before = gate.memory
    with browser.connect() as sock:
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(1) == b"H"
        assert browser.ask()[0] == 200
        assert gate.memory - before < 8 << 20
        received = 1
        while chunk := sock.recv(65536):
            received += len(chunk)
        assert received > 32 << 20


def test_who_says_that_he_is_done_still_gets_his_answer(browser: Browser) -> None:
    """Half-closed: the end of what the browser says is no end of what it hears."""
    with browser.connect() as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
        socket.socket.shutdown(sock, socket.SHUT_WR)
        heard = sock.recv(65536)
        while b"127.0.0.1 own 2" not in heard:
            more = sock.recv(65536)
            assert more, heard
            heard += more


def test_without_the_pages_process_there_is_a_page_all_the_same(browser: Browser, web: Web) -> None:
    web.kill()
    status, body = browser.ask()
    assert status == 503
    assert "レセコンはそのまま使えます" in body
    status, _ = browser.ask("POST", body=b"x" * 200_000)
    assert status == 503
    web.start()
    assert browser.ask()[0] == 200


def test_a_process_that_dies_in_the_middle_of_a_question_is_told(browser: Browser) -> None:
    assert browser.ask(path="/die")[0] == 503


@pytest.mark.parametrize("host", [OWN, f"{OWN}:80", NAME])
def test_without_tls_one_is_led_to_it(browser: Browser, host: str) -> None:
    status, location = _plain(browser, host)
    assert (status, location) == (307, f"https://{host.partition(':')[0]}/a?b=c&d")


def test_a_forged_host_leads_nowhere_else(browser: Browser) -> None:
    assert _plain(browser, "evil.example") == (307, "https://127.0.0.1/a?b=c&d")


def _plain(browser: Browser, host: str) -> tuple[int, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", browser.redirect, timeout=LIMIT)
    with closing(connection):
        connection.request("GET", "/a?b=c&d", headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Location"]


def test_who_speaks_no_http_is_told_so(browser: Browser) -> None:
    with browser.connect() as sock:
        sock.sendall(b"hello\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_one_client_cannot_take_all_the_room(browser: Browser, gate: GateProcess, eventually: Any) -> None:
    held = [socket.create_connection(("127.0.0.1", browser.port), LIMIT) for _ in range(CONNECTIONS_OF_A_CLIENT)]
    eventually(lambda: gate.stats()["page"] == CONNECTIONS_OF_A_CLIENT)
    with pytest.raises(OSError):
        browser.connect().close()
    with browser.connect(source="127.0.0.2") as other:
        assert other.version()
    for sock in held:
        sock.close()
    eventually(lambda: gate.stats()["page"] == 0)
    assert browser.ask()[0] == 200


def test_another_certificate_is_shown_at_once_and_ends_nothing(
    browser: Browser, gate: GateProcess, page: PageConfig, authorities: tuple[Authority, Authority]
) -> None:
    with browser.connect() as sock:
        before = sock.getpeercert(binary_form=True)
        gate.configure(GateConfig(page=replace(page, own=authorities[0].issue(OWN).pair)))
        with browser.connect() as other:
            assert other.getpeercert(binary_form=True) != before
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_page_that_is_withdrawn_is_gone(browser: Browser, gate: GateProcess) -> None:
    with browser.connect() as sock:
        gate.configure(GateConfig())
        with pytest.raises(ConnectionResetError):
            while socket.socket.recv(sock, 65536):
                pass
    with pytest.raises(ConnectionRefusedError):
        browser.connect()


def test_a_certificate_that_cannot_be_loaded_changes_nothing(
    browser: Browser, gate: GateProcess, page: PageConfig, authorities: tuple[Authority, Authority]
) -> None:
    other = replace(page.own, key=authorities[0].issue(OWN).pair.key)
    with pytest.raises(LookupError, match=r"gate\.bad-certificate"):
        gate.configure(GateConfig(page=replace(page, own=other)))
    assert browser.ask()[0] == 200


def test_many_readers_take_nothing_from_a_terminal(
    browser: Browser, gate: GateProcess, page: PageConfig, engine: Any, terminal: Any, pki: Any, config_for: Any
) -> None:
    services = config_for(engine())
    gate.configure(replace(services, page=page))
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            browser.ask()

    readers = [threading.Thread(target=look) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(10):
            with terminal.connect(pki.terminal) as sock:
                sock.sendall(b"receipt")
                assert sock.recv(100) == b"receipt"
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_what_the_daemon_tells_is_understood(page: PageConfig) -> None:
    config = GateConfig(page=page)
    assert parse(json.loads(json.dumps(config.as_json()))) == config
