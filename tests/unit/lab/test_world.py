"""The world without the product: with a router made by hand, a terminal gets through to its engine."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from pathlib import Path

import pytest
import websockets.exceptions

from tests.lab import addresses
from tests.lab.client import Dialer, NameNotKnownError, ReceiptClient, login, seconds_to_refusal
from tests.lab.handmade import HandmadeRouter
from tests.lab.pki import EngineCertificate
from tests.lab.traces import host_interfaces, traces
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import ROLES, World

pytestmark = pytest.mark.namespaces

TUNNEL_ONLY = "udp port 51820 or arp"
HOSTS = [addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST]


def test_a_world_leaves_nothing_behind(directory: Path) -> None:
    interfaces = host_interfaces()
    with World(directory) as world:
        assert set(world.machines) == {*ROLES, "upper"}
        assert traces(directory)
    assert traces(directory) == []
    assert host_interfaces() == interfaces


def test_a_prepared_clinic_is_known_to_both_data_centers(directory: Path) -> None:
    with World(directory) as world:
        account_file, code = world.prepare_clinic()
        assert account_file.stat().st_size > 0
        assert len(code.replace("-", "")) == 25
        for number in addresses.CONCENTRATORS:
            peers = world.machines[f"conc{number}"].run("wg", "show", "wg0", "allowed-ips").stdout
            assert f"{addresses.CLINIC_INNER}/32" in peers
        router = world.machines["router"]
        router.run("sekisho", "site", "check", "/etc/sekisho/site.toml")
        assert "sekisho-gate" in router.read("/etc/passwd")
        # Nobody is on duty yet: nothing leaves.
        assert router.run("ping", "-c1", "-W1", str(addresses.UPPER_LAN.ip), check=False).returncode != 0


def test_the_internet_resolves_the_concentrators_and_serves_a_page(world: World) -> None:
    vendor = world.machines["vendor"]
    vendor.write("/etc/resolv.conf", f"nameserver {addresses.INTERNET_DNS.ip}\n")
    dialer = Dialer(vendor)
    assert dialer.resolve("vpn1.dc.example") == ["198.51.100.11"]
    assert dialer.resolve("vpn2.dc.example") == ["198.51.100.12"]
    # An engine of those whose way to it is the internet; the data centers' own DNS names others.
    assert dialer.resolve(addresses.RECEIPT_HOST) == [str(addresses.OUTSIDE_RECEIPT.ip)]
    with pytest.raises(NameNotKnownError):
        dialer.resolve(addresses.TRUST_HOST)
    with dialer(addresses.PUBLIC_WEB_NAME, 80) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 200")


def test_the_upper_router_gives_an_address_by_dhcp(handmade_router: HandmadeRouter) -> None:
    routes = handmade_router.machine.run("ip", "route", "show", "dev", "wan0").stdout
    assert f"default via {addresses.UPPER_LAN.ip}" in routes
    assert str(addresses.LINE) in routes


@pytest.mark.parametrize("host", HOSTS)
def test_a_log_in_as_the_real_client_does_it(clinic: World, host: str) -> None:
    client = clinic.client("reception", host)
    seen = login(client.connect, client.host, client.port, client.ca, client.cert, client.key)
    assert (seen.tls_version, seen.cipher) == ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")
    assert next(iter(seen.seconds)) == "get_server_info"
    assert list(seen.seconds)[-1] == "end_session"
    assert seen.facts["start_session"]["app_rpc_endpoint_uri"].startswith(f"https://{host}")


def test_the_api_and_the_print_data(clinic: World) -> None:
    client = clinic.client("doctor")
    assert client.api()["acceptlstres"]["Api_Result"] == "00"
    assert client.blob("bytes-100000") == bytes(100000)


def test_print_events_are_pushed_whichever_engine_they_come_from(clinic: World) -> None:
    machine, plain = clinic.machines["reception"], clinic.client("reception")
    by_engine = [
        ReceiptClient(
            lambda host, port, engine=engine: machine.connect(str(engine.receipt.ip), port),  # type: ignore[misc]
            *(plain.host, plain.port, plain.ca, plain.cert, plain.key),
        )
        for engine in addresses.ENGINES.values()
    ]
    with by_engine[0].subscribe() as subscription:
        for client in by_engine:
            client.login()
            event = subscription.receive()
            assert (event["command"], event["data"]["event"]) == ("event", "print_data")
            assert client.blob(event["data"]["body"]["Data_Id"]).startswith(b"%PDF")
    with pytest.raises(websockets.exceptions.ConnectionClosed):
        subscription.receive()


def test_the_engine_wants_a_certificate_that_it_knows(clinic: World) -> None:
    client = clinic.client("reception")
    files = clinic.pki_directory
    forged = ReceiptClient(
        *(client.connect, client.host, client.port, client.ca),
        files / "forged-terminal.pem",
        files / "forged-terminal.key",
    )
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        forged.login()


def test_the_engine_speaks_tls_1_3_too(clinic: World) -> None:
    client = clinic.client("reception")
    context = client.tls()
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with (
        client.connect(client.host, client.port) as tcp,
        context.wrap_socket(tcp, server_hostname=client.host) as tls,
    ):
        assert tls.version() == "TLSv1.3"
        # In TLS 1.3 the verdict on the client's certificate comes with the first answer.
        tls.sendall(f"GET /blobapi/bytes-1 HTTP/1.1\r\nHost: {client.host}\r\n\r\n".encode())
        assert tls.recv(100).startswith(b"HTTP/1.1 401")


def test_an_engine_changes_its_certificate(clinic: World) -> None:
    client = clinic.client("reception")
    for engine in addresses.ENGINES:
        clinic.set_engine_certificate(engine, EngineCertificate.EXPIRED)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        client.login()
    for engine in addresses.ENGINES:
        clinic.set_engine_certificate(engine, EngineCertificate.GOOD)
    client.login()


def test_on_the_line_only_the_tunnel_is_seen(clinic: World) -> None:
    capture = Capture(clinic.machines["upper"], "lan0")
    clinic.client("reception").login()
    capture.stop()
    assert capture.count(TUNNEL_ONLY) > 0
    assert capture.lines(f"ip and not ({TUNNEL_ONLY})") == []


def test_an_attacker_on_the_internet_can_listen_to_everything(clinic: World) -> None:
    capture = Capture(clinic.machines["attacker"], "eth0")
    clinic.client("reception").login()
    capture.stop()
    assert capture.count(f"src host {addresses.UPPER_WAN.ip} and dst host 198.51.100.11 and udp port 51820") > 10
    assert capture.lines(f"not ({TUNNEL_ONLY})") == []


def test_a_refusal_is_measured_and_silence_is_told_apart(clinic: World) -> None:
    assert seconds_to_refusal(clinic.machines["reception"], str(addresses.ROUTER_LAN.ip), 9) < 20
    with pytest.raises(ValueError, match="reached"):
        seconds_to_refusal(clinic.machines["reception"], str(addresses.ENGINES["e1"].receipt.ip), 443)


def test_a_browser_on_the_host_can_look_in(world: World) -> None:
    port = world.relay("vendor", str(addresses.PUBLIC_WEB.ip), 80)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
        assert b"public" in page.read()


def test_a_relay_to_nobody_ends_the_connection(world: World) -> None:
    port = world.relay("vendor", str(addresses.PUBLIC_WEB.ip), 9)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
        assert caller.recv(1) == b""


class Conversation:
    """One long TCP connection from the clinic's inner address to an engine's host, with an echo at its end."""

    def __init__(self, world: World) -> None:
        engine = addresses.ENGINES["e1"].receipt.ip
        listener = world.machines["e1"].socket()
        with listener:
            listener.bind((str(engine), 0))
            listener.listen()
            self._near = world.machines["reception"].connect(*listener.getsockname(), 20)
            self._far, (peer, _) = listener.accept()
        self._far.settimeout(20)
        assert peer == str(addresses.CLINIC_INNER)

    def goes_on(self) -> None:
        self._near.sendall(b"question")
        assert self._far.recv(100) == b"question"
        self._far.sendall(b"answer")
        assert self._near.recv(100) == b"answer"

    def close(self) -> None:
        self._near.close()
        self._far.close()


def test_a_concentrator_that_has_forgotten_takes_the_next_handshake(
    clinic: World, handmade_router: HandmadeRouter
) -> None:
    def shaken() -> bool:
        told = clinic.machines["conc1"].run("wg", "show", "wg0", "latest-handshakes").stdout.split()
        return told[1:] != ["0"]

    until(shaken, "the first tunnel has shaken hands")
    clinic.concentrators[1].forget_handshakes()
    assert not shaken()
    until(shaken, "it has done so again", limit=60)
    until(lambda: handmade_router.carrying() == "sk-dc1", "the router uses it", limit=60)
    until(lambda: clinic.concentrator_in_use() == 1, "the core uses it")


def test_tcp_survives_a_cut_tunnel_and_the_return(clinic: World, handmade_router: HandmadeRouter) -> None:
    conversation = Conversation(clinic)
    conversation.goes_on()
    clinic.cut_tunnel(1)
    until(lambda: handmade_router.carrying() == "sk-dc2", "the router uses the second tunnel")
    until(lambda: clinic.concentrator_in_use() == 2, "the core uses the second concentrator")
    conversation.goes_on()
    clinic.mend_tunnel(1)
    until(lambda: handmade_router.carrying() == "sk-dc1", "the router uses the first tunnel again")
    until(lambda: clinic.concentrator_in_use() == 1, "the core uses the first concentrator again")
    conversation.goes_on()
    conversation.close()


def test_tcp_survives_the_death_of_a_concentrator(clinic: World, handmade_router: HandmadeRouter) -> None:
    conversation = Conversation(clinic)
    conversation.goes_on()
    clinic.stop_concentrator(1)
    until(lambda: handmade_router.carrying() == "sk-dc2", "the router uses the second tunnel")
    until(lambda: clinic.concentrator_in_use() == 2, "the core uses the second concentrator")
    conversation.goes_on()
    clinic.client("doctor").login()
    clinic.start_concentrator(1)
    until(lambda: handmade_router.carrying() == "sk-dc1", "the router uses the first tunnel again", limit=60)
    until(lambda: clinic.concentrator_in_use() == 1, "the core uses the first concentrator again")
    conversation.goes_on()
    conversation.close()
