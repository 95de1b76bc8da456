"""Whether the kernel's TLS would do the gate's work with less: ``python -m tests.bench.kernel_tls``, in a guest.

The guest is one whose clock counts instructions (``python -m tests.vm run --kind counted-copies``): there the kernel
and OpenSSL both have AES-NI. A terminal speaks TLS 1.2, an engine TLS 1.3, and this process stands between them
with the gate's loop and its way of joining two connections; only what reads and writes differs. What counts is this
process's own processor time, the kernel's work for it included.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import socket
import ssl
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from appliance.gate.joint import Joint
from appliance.gate.link import Link, PlainLink, TlsLink
from appliance.gate.loop import READ, Loop
from appliance.gate.profile import client_context, server_context
from appliance.gate.steps import Side
from appliance.gate.tls import TlsStream
from tests.bench.run import run
from tests.bench.table import Row
from tests.lab import addresses
from tests.lab.pki import EngineCertificate, Pki, pem

ROUNDS = 3
QUESTION = bytes(400)
MIB = 1 << 20

HOW = (
    "instructions of a process that stands between a terminal (TLS 1.2) and an engine (TLS 1.3), the kernel's work for "
    "it included; AES-256-GCM by AES-NI, in OpenSSL as in the kernel"
)
_PIECE = 3 << 14
_VIEW = memoryview(bytearray(_PIECE))
_LIMIT = 1200.0
_CIPHER = "ECDHE-RSA-AES256-GCM-SHA384"
_ENABLE_KTLS = 1 << 3
"""SSL_OP_ENABLE_KTLS of openssl/ssl.h, a name that Python has since 3.12."""
_SPLICE = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


class _Socket(PlainLink):
    """What is read from it and written to it is what is said: below it the kernel does TLS, or nobody."""

    __slots__ = ()

    def move(self, sink: Link) -> bool:
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            while not sink.pending:
                self.received += self.move_piece(sink)
        return False

    def move_piece(self, sink: Link) -> int:
        """Returns the bytes. Raises BlockingIOError, SSLWantReadError: there is nothing."""
        count = self.sock.recv_into(_VIEW)
        if not count:
            raise ConnectionError("an end in the middle of a measurement")
        sink.send(_VIEW[:count])
        return count


class _OpenSsl(_Socket):
    """OpenSSL on the socket, as it was before what one read may hold was bounded (`appliance.gate.tls`)."""

    __slots__ = ()

    def _put(self, data: memoryview) -> None:
        try:
            while data:
                data = data[self.sock.send(data) :]
        except ssl.SSLWantWriteError:
            self.pending = memoryview(bytes(data))


class _Spliced(_Socket):
    """What is said stays in the kernel: out of one socket into a pipe, and out of that into the other (splice(2))."""

    __slots__ = ("_pipe",)

    def __init__(self, side: Side, sock: socket.socket, mask: int | None) -> None:
        super().__init__(side, sock, mask)
        self._pipe = os.pipe2(os.O_NONBLOCK)
        """Towards this side. `pending` is as long as what is in it."""

    def move_piece(self, sink: Link) -> int:
        assert isinstance(sink, _Spliced)
        count = os.splice(self.sock.fileno(), sink._pipe[1], _PIECE, flags=_SPLICE)
        if not count:
            raise ConnectionError("an end in the middle of a measurement")
        sink.pending = _VIEW[:count]
        sink.flush()
        return count

    def flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.pending:
                sent = os.splice(self._pipe[0], self.sock.fileno(), len(self.pending), flags=_SPLICE)
                self.pending = self.pending[sent:]

    def close(self, loop: Loop, *, abruptly: bool) -> None:
        super().close(loop, abruptly=abruptly)
        for end in self._pipe:
            os.close(end)


Opening = Callable[[Side, socket.socket, ssl.SSLContext], Link]


def _gate(side: Side, sock: socket.socket, context: ssl.SSLContext) -> Link:
    sock.setblocking(False)
    tls = TlsStream(sock, context, None if side is Side.TERMINAL else addresses.RECEIPT_GATE_HOST)
    while True:
        try:
            tls.do_handshake()
            return TlsLink(side, sock, tls, None)
        except ssl.SSLWantReadError:
            select.select([sock], [], [])
        except ssl.SSLWantWriteError:
            select.select([], [sock], [])


def _open_ssl(side: Side, sock: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    is_server = side is Side.TERMINAL
    name = None if is_server else addresses.RECEIPT_GATE_HOST
    wrapped = context.wrap_socket(sock, server_side=is_server, server_hostname=name)
    wrapped.setblocking(False)
    return wrapped


def _by_open_ssl(side: Side, sock: socket.socket, context: ssl.SSLContext) -> Link:
    return _OpenSsl(side, _open_ssl(side, sock, context), None)


def _by_kernel(kind: type[_Socket]) -> Opening:
    def opening(side: Side, sock: socket.socket, context: ssl.SSLContext) -> Link:
        before = _kernel_sessions()
        wrapped = _open_ssl(side, sock, context)
        if (after := _kernel_sessions()) != before + 2:
            raise ValueError(f"the kernel took over {after - before} of two directions")
        # Of OpenSSL nothing is left between it and us: it reads no record before it is asked for it.
        return kind(side, socket.socket(fileno=wrapped.detach()), None)

    return opening


def _kernel_sessions() -> int:
    """Directions of connections in which the kernel encrypts or decrypts (tls_stat: Documentation/networking/tls)."""
    lines = Path("/proc/net/tls_stat").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("TlsCurrTxSw", "TlsCurrRxSw")))


_GATE = "the gate as it is"
WAYS: dict[str, tuple[Opening, int]] = {
    _GATE: (_gate, 0),
    "OpenSSL on the socket": (_by_open_ssl, 0),
    "the kernel's TLS by recv and send": (_by_kernel(_Socket), _ENABLE_KTLS),
    "the kernel's TLS by splice": (_by_kernel(_Spliced), _ENABLE_KTLS),
}


@dataclass(frozen=True)
class Work:
    """On each connection, one after the other, the terminal asks so many times for `answer` bytes.

    unit: of what is measured, with its instructions divided by `count`. opening: that of the connections is part of it.
    """

    unit: str
    count: int
    connections: int
    requests: int
    answer: int
    opening: bool = False


WORKS = (
    Work("small request on an open connection", 200, 1, 200, 600),
    Work("new connection with one request, without resumption", 8, 8, 1, 600, opening=True),
    Work("MiB to the terminal", 8, 1, 2, 4 * MIB),
)


class _Owner:
    """Of a joint, while nothing ends that should not."""

    def ended(self, side: Side, clean: bool) -> None:
        raise ConnectionError(f"the {side.value} has ended it")

    def write_ended(self, side: Side) -> None:
        raise ConnectionError(f"the {side.value}'s stream has ended")

    def broken(self, link: Link, error: OSError) -> None:
        raise error

    def moved(self, source: Link, *, is_first: bool) -> None:
        pass

    def abandon(self) -> None:
        raise ConnectionError("given up")


class Between:
    """Where terminal and engine meet."""

    def __init__(self, pki: Pki) -> None:
        self._pki = pki
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._engine = socket.create_server(("127.0.0.2", 0))
        self._listener.settimeout(_LIMIT)

    def cost(self, way: str, work: Work) -> float:
        """Instructions for one `work.unit`."""
        opening, option = WAYS[way]
        contexts = self._contexts(option)
        ours, theirs = multiprocessing.Pipe()
        ends = multiprocessing.get_context("fork").Process(target=self._be_both_ends, args=(work, theirs), daemon=True)
        ends.start()
        # From now on its end is heard.
        theirs.close()
        spent = 0
        try:
            for _ in range(work.connections):
                terminal = self._listener.accept()[0]
                before = time.process_time_ns()
                engine = socket.create_connection(self._engine.getsockname())
                for sock in (terminal, engine):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                links = (opening(Side.TERMINAL, terminal, contexts[0]), opening(Side.ENGINE, engine, contexts[1]))
                opened = time.process_time_ns()
                loop = Loop()
                joint = Joint(loop, *links, _Owner())
                joint.begin()
                said: list[object] = []
                loop.watch(ours.fileno(), READ, lambda _: said.append(ours.recv()))  # noqa: B023
                while not said:
                    loop.turn()
                joint.stop()
                for link in links:
                    link.close(loop, abruptly=True)
                spent += time.process_time_ns() - (before if work.opening else opened)
                ours.send(None)
            ends.join(_LIMIT)
        finally:
            ends.kill()
            ends.join()
        return spent / work.count

    def _contexts(self, option: int) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        pki = self._pki
        contexts = (
            server_context(pki.gate.chain, pki.gate.key, pem(pki.terminal_ca.certificate)),
            client_context(pem(pki.engine_ca.certificate), pki.clinic.chain, pki.clinic.key),
        )
        for context in contexts:
            context.options |= option
        return contexts

    # ---- the terminal and the engine, in a process of their own ---------------------

    def _be_both_ends(self, work: Work, control: Connection) -> None:
        pki = self._pki
        shown = pki.engine[EngineCertificate.GOOD]
        engine = server_context(shown.chain, shown.key, pem(pki.clinic_ca.certificate))
        # Whoever reads below OpenSSL would find its tickets in the way.
        engine.num_tickets = 0
        one = next(iter(pki.terminals.values()))
        terminal = client_context(pem(pki.engine_ca.certificate), one.chain, one.key)
        terminal.maximum_version = ssl.TLSVersion.TLSv1_2
        terminal.set_ciphers(_CIPHER)
        threading.Thread(target=self._be_engine, args=(engine, work), daemon=True).start()
        for _ in range(work.connections):
            tcp = socket.create_connection(self._listener.getsockname())
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with terminal.wrap_socket(tcp, server_hostname=addresses.RECEIPT_GATE_HOST) as connection:
                for _ in range(work.requests):
                    connection.sendall(QUESTION)
                    _read(connection, work.answer)
                control.send(None)
                control.recv()

    def _be_engine(self, context: ssl.SSLContext, work: Work) -> None:
        answer = bytes(work.answer)
        for _ in range(work.connections):
            tcp, _ = self._engine.accept()
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError), context.wrap_socket(tcp, server_side=True) as connection:
                while True:
                    _read(connection, len(QUESTION))
                    connection.sendall(answer)


def _read(connection: ssl.SSLSocket, count: int) -> None:
    buffer = bytearray(1 << 16)
    while count:
        if not (came := connection.recv_into(buffer, min(count, len(buffer)))):
            raise ConnectionError("an end in the middle of a measurement")
        count -= came


def _prepare_kernel() -> None:
    """Raises ValueError when the kernel has no AES by the processor."""
    subprocess.run(["modprobe", "--all", "aesni_intel", "tls"], check=True, timeout=60)
    if "generic-gcm-aesni" not in Path("/proc/crypto").read_text():
        raise ValueError("the kernel's AES-GCM is not the processor's")


def measure(_: Path, rounds: int) -> list[Row]:
    _prepare_kernel()
    between = Between(Pki())
    found: dict[tuple[str, str], list[float]] = {}
    for _number in range(rounds + 1):
        for work in WORKS:
            for way in WAYS:
                found.setdefault((work.unit, way), []).append(between.cost(way, work))
    # Of each the first builds what later ones find.
    medians = {key: statistics.median(its[1:]) for key, its in found.items()}
    return [
        Row(f"{way}: {work.unit}; peer: {_GATE}", "instructions", medians[work.unit, way], medians[work.unit, _GATE])
        for work in WORKS
        for way in WAYS
        if way != _GATE
    ]


if __name__ == "__main__":
    run("kernel_tls", HOW, measure, ROUNDS, {"kernel": ["uname", "-r"]})
