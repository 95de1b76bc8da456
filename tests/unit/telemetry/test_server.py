"""The server as Prometheus, a stranger and a slow peer meet it, over real sockets on loopback."""

from __future__ import annotations

import errno
import gzip
import http.client
import logging
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.telemetry import server as served
from appliance.telemetry.metrics import render
from appliance.telemetry.server import CONNECTIONS, REQUEST_BYTES, Exposition, MetricsServer
from appliance.telemetry.snapshot import Snapshot

LOOPBACK = IPv4Address("127.0.0.1")
LIMIT = 20.0
SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: router\r\n\r\n"


def free_port() -> int:
    with socket.create_server((str(LOOPBACK), 0)) as listener:
        return int(listener.getsockname()[1])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def answers(port: int, address: IPv4Address = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.settimeout(LIMIT)
        return probe.connect_ex((str(address), port)) == 0


def told(port: int, request: bytes, address: IPv4Address = LOOPBACK) -> bytes:
    with socket.create_connection((str(address), port), LIMIT) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


class Running:
    """The server on a port of loopback; `snapshot` is what it tells."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.port = free_port()
        self.server = MetricsServer(lambda: self.snapshot)
        self.server.start(LOOPBACK, self.port)
        until(lambda: answers(self.port))

    def request(self, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(str(LOOPBACK), self.port, timeout=LIMIT)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def serves(self) -> bool:
        """False while all places are taken: the refusal of a request that was not read may arrive as a reset."""
        try:
            return self.request("GET", "/metrics")[0].status == 200
        except ConnectionError:
            return False


@pytest.fixture
def running(full: Snapshot) -> Iterator[Running]:
    router = Running(full)
    yield router
    router.server.stop()


def test_a_scrape_tells_what_is_so_now(running):
    response, body = running.request("GET", "/metrics")
    assert (response.status, body.decode()) == (200, render(running.snapshot))
    assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    running.snapshot = replace(running.snapshot, account_serial=7)
    _, body = running.request("GET", "/metrics")
    assert "\nsekisho_account_serial 7.0\n" in body.decode()


def test_a_scraper_that_wants_openmetrics_or_gzip_gets_it(running):
    response, body = running.request("GET", "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert response.getheader("Content-Type", "").startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    response, body = running.request("GET", "/metrics", Accept_Encoding="gzip")
    assert response.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(body).decode() == render(running.snapshot)


def test_there_is_nothing_but_get_metrics(running):
    for path in ("/", "/metrics/", "/favicon.ico", "//metrics", "/metrics%2f..", "*"):
        assert running.request("GET", path)[0].status == 404, path
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        response, _ = running.request(method, "/metrics")
        assert (response.status, response.getheader("Allow")) == (405, "GET"), method
    assert running.request("GET", "/metrics?name[]=sekisho_light")[0].status == 200
    assert status(told(running.port, b"GET http://router.example/metrics HTTP/1.1\r\n\r\n")) == 200


def test_an_answer_to_head_has_no_body(running):
    assert told(running.port, b"HEAD /metrics HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_what_is_not_http_is_refused(running):
    for request in (
        b"hello\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
    ):
        assert status(told(running.port, request)) == 400, request
    assert status(told(running.port, b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n")) == 400


def test_too_long_a_request_is_refused_and_the_refusal_arrives(running):
    for request in (b"GET /metrics HTTP/1.1\r\nx: " + b"y" * 50_000 + b"\r\n\r\n", b"z" * (REQUEST_BYTES + 4)):
        with socket.create_connection((str(LOOPBACK), running.port), LIMIT) as sock:
            sock.sendall(request)
            assert status(sock.recv(65536)) == 431


def test_a_folded_wish_puts_no_header_into_the_answer(running):
    wish = b"Accept: application/openmetrics-text; version=1.0.0\r\n X-Put-In: yes\r\n"
    head = told(running.port, b"GET /metrics HTTP/1.1\r\n" + wish + b"\r\n").partition(b"\r\n\r\n")[0]
    assert not any(line.lower().lstrip().startswith(b"x-put-in") for line in head.split(b"\r\n"))


def test_more_than_a_few_at_a_time_are_told_to_come_again(running):
    idle = [socket.create_connection((str(LOOPBACK), running.port), LIMIT) for _ in range(CONNECTIONS)]
    assert status(told(running.port, b"")) == 503
    for sock in idle:
        sock.close()
    until(running.serves)


def test_who_does_not_ask_does_not_keep_others_waiting(running):
    with socket.create_connection((str(LOOPBACK), running.port), LIMIT) as idle:
        idle.sendall(b"GET /metr")
        assert running.request("GET", "/metrics")[0].status == 200


def test_who_asks_byte_by_byte_is_cut_off_after_a_while(running, monkeypatch):
    monkeypatch.setattr(served, "CONNECTION_SECONDS", 0.5)
    with socket.create_connection((str(LOOPBACK), running.port), LIMIT) as slow:
        deadline = time.monotonic() + LIMIT
        with pytest.raises(ConnectionError):
            while time.monotonic() < deadline:
                slow.sendall(b"x")
                time.sleep(0.02)


def test_who_does_not_read_is_cut_off_after_a_while(running, monkeypatch):
    monkeypatch.setattr(served, "CONNECTION_SECONDS", 0.5)
    running.snapshot = Snapshot("1", permitted={f"{number:0200}": number for number in range(30_000)})
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(LIMIT)
        sock.connect((str(LOOPBACK), running.port))
        sock.sendall(SCRAPE)
        until(lambda: sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET)


def test_who_leaves_abruptly_is_nobodys_error(running, caplog):
    for request in (b"", b"GET /met", SCRAPE, b"z" * 2 * REQUEST_BYTES) * 10:
        with socket.create_connection((str(LOOPBACK), running.port), LIMIT) as sock:
            # struct linger (socket(7)): the close sends a reset.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(request)
    until(running.serves)
    running.server.stop()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_figures_that_cannot_be_collected_are_an_error_and_the_next_scrape_may_be_better(running, caplog):
    good, running.snapshot = running.snapshot, None
    response, body = running.request("GET", "/metrics")
    assert (response.status, b"see the log" in body) == (500, True)
    assert "the metrics could not be collected" in caplog.text
    running.snapshot = good
    assert running.request("GET", "/metrics")[0].status == 200


def test_after_a_stop_nothing_listens_and_nothing_runs(running):
    with socket.create_connection((str(LOOPBACK), running.port), LIMIT) as connected:
        # Served after it, so the first one has been taken in too.
        assert running.request("GET", "/metrics")[0].status == 200
        running.server.stop()
        assert not answers(running.port)
        with pytest.raises(ConnectionResetError):
            connected.recv(1)
    assert not [thread for thread in threading.enumerate() if thread.name == "metrics"]
    running.server.stop()


def test_it_moves_to_another_address(running):
    elsewhere = IPv4Address("127.0.0.2")
    running.server.start(elsewhere, running.port)
    until(lambda: answers(running.port, elsewhere))
    assert status(told(running.port, SCRAPE, elsewhere)) == 200
    assert not answers(running.port)


def test_who_asks_is_not_cut_off_when_it_stays_where_it_is(running):
    """Every change of settings starts it anew."""
    with socket.create_connection((str(LOOPBACK), running.port), LIMIT) as sock:
        sock.sendall(SCRAPE[:10])
        running.server.start(LOOPBACK, running.port)
        sock.sendall(SCRAPE[10:])
        assert status(b"".join(iter(lambda: sock.recv(65536), b""))) == 200


def test_a_restart_in_place_is_served_again(running):
    for _ in range(5):
        running.server.stop()
        running.server.start(LOOPBACK, running.port)
        until(lambda: answers(running.port))
        assert status(told(running.port, SCRAPE)) == 200


def test_a_port_that_is_taken_is_waited_for(full, caplog):
    caplog.set_level(logging.INFO)
    with socket.create_server((str(LOOPBACK), 0)) as holder:
        port = int(holder.getsockname()[1])
        server = MetricsServer(lambda: full)
        server.start(LOOPBACK, port)
        until(lambda: "cannot serve /metrics yet" in caplog.text)
        holder.close()
        until(lambda: answers(port))
        assert status(told(port, SCRAPE)) == 200
    server.stop()
    assert caplog.text.count("cannot serve") == 1


@pytest.mark.isolated
def test_an_address_that_comes_later_is_waited_for_and_one_that_goes_and_comes_back_is_served_again(full, caplog):
    inner = IPv4Address("203.0.113.129")

    def lo(verb: str) -> None:
        subprocess.run(["ip", "address", verb, f"{inner}/32", "dev", "lo"], check=True, timeout=10)

    server = MetricsServer(lambda: full)
    server.start(inner, 9464)
    until(lambda: "cannot serve /metrics yet" in caplog.text)
    lo("add")
    until(lambda: answers(9464, inner))
    lo("del")
    lo("add")
    assert status(told(9464, SCRAPE, inner)) == 200
    server.stop()


def test_a_stop_does_not_wait_for_the_address_to_come(full, caplog):
    server = MetricsServer(lambda: full)
    server.start(IPv4Address("203.0.113.129"), free_port())
    until(lambda: "cannot serve /metrics yet" in caplog.text)
    server.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "metrics"]


ANY_REQUEST = st.one_of(
    st.binary(max_size=300),
    st.tuples(
        st.sampled_from([b"GET", b"HEAD", b"get", b""]),
        st.one_of(st.just(b"/metrics"), st.binary(max_size=40)),
        st.dictionaries(st.sampled_from([b"Accept", b"accept-encoding", b"\xff"]), st.binary(max_size=80)),
    ).map(
        lambda parts: (
            parts[0]
            + b" "
            + parts[1]
            + b" HTTP/1.1\r\n"
            + b"".join(name + b": " + value + b"\r\n" for name, value in parts[2].items())
            + b"\r\n"
        )
    ),
)
KNOWN = Exposition(lambda: Snapshot("1"))


@given(ANY_REQUEST)
def test_whatever_is_asked_is_answered_in_http(request_head):
    head, _, body = KNOWN.answer(request_head).partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first.startswith(b"HTTP/1.1 ") and status(first) in (200, 400, 404, 405, 500)
    fields = dict(line.split(b": ", 1) for line in headers)
    assert set(fields) <= {b"Content-Type", b"Content-Encoding", b"Content-Length", b"Connection", b"Allow"}
    assert len(body) in (int(fields[b"Content-Length"]), 0)
