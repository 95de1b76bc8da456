"""What one read of a link takes, and what it leaves for the next."""

from __future__ import annotations

import socket
import ssl

from appliance.gate.link import PlainLink, TlsLink
from appliance.gate.profile import page_context
from appliance.gate.steps import Side
from appliance.gate.tls import TlsStream
from tests.unit.gate.pki import Authority

HOST = "sekisho.test"


def test_an_end_that_was_cut_waits_until_what_came_before_it_is_answered() -> None:
    """It came in one piece with the last word of the handshake."""
    authority = Authority("Own")
    pair = authority.issue(HOST).pair
    (browser, ours), (engine, page) = socket.socketpair(), socket.socketpair()
    for sock in (ours, engine):
        sock.setblocking(False)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cadata=authority.pem).wrap_bio(incoming, outgoing, server_hostname=HOST)
    server = TlsStream(ours, page_context(pair.certificate, pair.key))
    with browser, ours, engine, page:
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                browser.sendall(outgoing.read())
            try:
                server.do_handshake()
            except ssl.SSLWantReadError:
                incoming.write(browser.recv(65536))
        client.write(b"question")
        browser.sendall(outgoing.read())
        browser.shutdown(socket.SHUT_WR)
        server.do_handshake()

        terminal, sink = TlsLink(Side.TERMINAL, ours, server, None), PlainLink(Side.ENGINE, engine, None)
        terminal.move(sink)
        assert page.recv(64) == b"question"
        assert not terminal.ended
        terminal.send(memoryview(b"answer"))
        incoming.write(browser.recv(65536))
        assert client.read(64) == b"answer"
        terminal.move(sink)
        assert (terminal.ended, terminal.clean) == (True, False)
