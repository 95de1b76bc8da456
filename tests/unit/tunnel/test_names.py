"""The resolver against a real dnsmasq, and against one that lies."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from appliance.tunnel.names import Reason, Unresolved, resolve_a, resolve_aaaa

pytestmark = pytest.mark.isolated

HONEST, LIAR, NO_WAY, BLACK_HOLE = (IPv4Address(f"198.51.100.{last}") for last in (53, 66, 99, 200))
OURS = IPv4Address("198.51.100.2")
Answer = Callable[[dns.message.Message], list[bytes]]


def resolve(
    name: str, *servers: IPv4Address, source: IPv4Address | None = None, timeout: float = 5.0
) -> list[IPv4Address] | Unresolved:
    return asyncio.run(resolve_a(name, servers, source, timeout))


@pytest.fixture
def world() -> None:
    for address in (HONEST, LIAR, OURS):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True, timeout=10)
    # A peer that is there and never answers.
    subprocess.run(["ip", "netns", "add", "mute"], check=True, timeout=10)
    subprocess.run(["ip", "link", "add", "hole", "type", "veth", "peer", "name", "end", "netns", "mute"], check=True)
    subprocess.run(["ip", "-n", "mute", "link", "set", "end", "up"], check=True, timeout=10)
    subprocess.run(["ip", "link", "set", "hole", "arp", "off"], check=True, timeout=10)
    subprocess.run(["ip", "link", "set", "hole", "up"], check=True, timeout=10)
    subprocess.run(["ip", "route", "add", f"{BLACK_HOLE}/32", "dev", "hole"], check=True, timeout=10)
    subprocess.run(["ip", "route", "add", "unreachable", f"{NO_WAY}/32"], check=True, timeout=10)
    many = [f"--host-record=many.example,203.0.113.{last}" for last in range(1, 101)]
    server = ["dnsmasq", "-k", "-C", "/dev/null", "-u", "root", "-R", "-h", "--pid-file=", "-z", f"-a{HONEST}"]
    server += ["--local=/example/", "--host-record=vpn1.dc.example,198.51.100.11,2001:db8::1"]
    server += ["--host-record=vpn.dc.example,198.51.100.12", "--host-record=vpn.dc.example,198.51.100.11"]
    server += ["--cname=alias.dc.example,vpn1.dc.example", "--host-record=six.dc.example,2001:db8::6", *many]
    subprocess.Popen(server)
    end = time.monotonic() + 20
    while isinstance(resolve("vpn1.dc.example", HONEST, timeout=1.0), Unresolved):
        assert time.monotonic() < end


def test_an_honest_server_knows_both_families(world: None) -> None:
    def asked(name: str) -> list[IPv6Address] | Unresolved:
        return asyncio.run(resolve_aaaa(name, [NO_WAY, HONEST], 5.0))

    assert asked("six.dc.example") == [IPv6Address("2001:db8::6")]
    assert asked("alias.dc.example") == [IPv6Address("2001:db8::1")]
    assert asked("many.example") == Unresolved(Reason.NODATA)


def test_an_honest_server(world: None) -> None:
    assert resolve("vpn1.dc.example", HONEST) == [IPv4Address("198.51.100.11")]
    assert resolve("alias.dc.example", HONEST) == [IPv4Address("198.51.100.11")]
    both = resolve("vpn.dc.example", HONEST)
    assert isinstance(both, list) and sorted(both) == [IPv4Address("198.51.100.11"), IPv4Address("198.51.100.12")]
    assert resolve("no.dc.example", HONEST) == Unresolved(Reason.NXDOMAIN)
    assert resolve("six.dc.example", HONEST) == Unresolved(Reason.NODATA)
    assert resolve("vendor.test", HONEST) == Unresolved(Reason.REFUSED)
    # Too long for UDP without fragments: comes by TCP.
    many = resolve("many.example", HONEST)
    assert isinstance(many, list) and len(many) == 100


def test_the_next_server_is_asked(world: None) -> None:
    known = [IPv4Address("198.51.100.11")]
    assert resolve("vpn1.dc.example", NO_WAY, HONEST) == known
    assert resolve("vpn1.dc.example", BLACK_HOLE, HONEST, timeout=2.0) == known
    assert resolve("no.dc.example", NO_WAY, HONEST) == Unresolved(Reason.NXDOMAIN)
    assert resolve("vpn1.dc.example", NO_WAY) == Unresolved(Reason.UNREACHABLE)
    assert resolve("vpn1.dc.example", BLACK_HOLE, timeout=0.2) == Unresolved(Reason.TIMEOUT)
    assert resolve("vpn1.dc.example") == Unresolved(Reason.NO_SERVER)


@contextmanager
def liar(answer: Answer) -> Iterator[list[str]]:
    """Answers each query with the given packets; yields who asked."""
    askers: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((str(LIAR), 53))
        server.settimeout(0.05)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    data, client = server.recvfrom(4096)
                except TimeoutError:
                    continue
                askers.append(client[0])
                for packet in answer(dns.message.from_wire(data)):
                    server.sendto(packet, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield askers
        finally:
            done.set()
            thread.join()


def reply(query: dns.message.Message, *addresses: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    message = dns.message.make_response(query)
    message.set_rcode(rcode)
    if addresses:
        message.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *addresses))
    return message.to_wire()


def test_a_lying_server(world: None) -> None:
    def told(answer: Answer, timeout: float = 10.0) -> list[IPv4Address] | Unresolved:
        with liar(answer):
            return resolve("vpn1.dc.example", LIAR, timeout=timeout)

    assert told(lambda query: [reply(query, "198.51.100.11", "198.51.100.11")]) == [IPv4Address("198.51.100.11")]
    assert told(lambda query: [reply(query, rcode=dns.rcode.SERVFAIL)]) == Unresolved(Reason.SERVFAIL)
    assert told(lambda query: [reply(query, rcode=dns.rcode.NOTIMP)]) == Unresolved(Reason.SERVFAIL)
    assert told(lambda query: [reply(query)]) == Unresolved(Reason.NODATA)
    # What would turn us against ourselves.
    evil = ("127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "169.254.1.1")
    assert told(lambda query: [reply(query, *evil)]) == Unresolved(Reason.MALFORMED)
    assert told(lambda query: [reply(query, "127.0.0.1", "198.51.100.12")]) == [IPv4Address("198.51.100.12")]

    # Packets that do not fit the question are waited over, rubbish too.
    def forged_first(query: dns.message.Message) -> list[bytes]:
        forged = dns.message.from_wire(reply(query, "198.51.100.66"))
        forged.id ^= 1
        other = dns.message.make_query("else.example", "A")
        other.id = query.id
        return [forged.to_wire(), reply(other, "198.51.100.66"), b"\0" * 5, reply(query, "198.51.100.11")]

    assert told(forged_first) == [IPv4Address("198.51.100.11")]
    assert told(lambda query: [b"\0" * 40], timeout=0.5) == Unresolved(Reason.TIMEOUT)

    # A circle of aliases.
    def circle(query: dns.message.Message) -> list[bytes]:
        message = dns.message.make_response(query)
        name = query.question[0].name
        message.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", name.to_text()))
        return [message.to_wire()]

    assert told(circle) == Unresolved(Reason.MALFORMED)


def test_a_server_that_hangs_up_in_the_middle(world: None) -> None:
    def cut_short(query: dns.message.Message) -> list[bytes]:
        message = dns.message.make_response(query)
        message.flags |= dns.flags.TC
        return [message.to_wire()]

    def hang_up(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(512)
            connection.sendall(b"\0\x40half")

    with socket.create_server((str(LIAR), 53)) as listener, liar(cut_short):
        thread = threading.Thread(target=hang_up, args=(listener,))
        thread.start()
        assert resolve("vpn1.dc.example", LIAR, HONEST) == [IPv4Address("198.51.100.11")]
        thread.join()


def test_the_question_comes_from_the_given_address(world: None) -> None:
    with liar(lambda query: [reply(query, "203.0.113.17")]) as askers:
        assert resolve("weborca.cloud.example", LIAR, source=OURS) == [IPv4Address("203.0.113.17")]
    assert askers == [str(OURS)]
    absent = IPv4Address("203.0.113.129")
    assert resolve("weborca.cloud.example", LIAR, source=absent) == Unresolved(Reason.UNREACHABLE)
