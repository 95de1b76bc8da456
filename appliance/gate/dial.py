"""One connection towards an engine: TCP, then TLS with its proof."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from appliance.gate import postgres, steps
from appliance.gate.contained import contained
from appliance.gate.faults import connect_fault, engine_fault, network_fault, words
from appliance.gate.link import TlsLink
from appliance.gate.loop import READ, WRITE, Loop
from appliance.gate.reasons import Reason
from appliance.gate.service import Service
from appliance.gate.sockets import reset, towards
from appliance.gate.steps import Side
from appliance.gate.tls import TlsStream
from appliance.pins import Identity, identity_of


@dataclass(frozen=True, slots=True)
class Proven:
    """Chain and name are verified. link: its socket is watched for reading; it belongs to whoever hears this."""

    link: TlsLink
    shown: Identity


Step = steps.Connected | steps.ConnectFailed | Proven | steps.EngineFailed


class Dial:
    """tell: hears of each step, perhaps before `begin` returns. It has no time-outs."""

    def __init__(self, loop: Loop, service: Service, address: str, tell: Callable[[Step], None]) -> None:
        self._loop, self._service, self._address, self._tell = loop, service, address, tell
        self._socket: socket.socket | None = None
        """None: none yet, or it has been given up or passed on."""

    def begin(self) -> None:
        try:
            sock = self._socket = towards(self._service.config.source)
            code = sock.connect_ex((self._address, self._service.config.port))
        except OSError as error:
            self._tell(steps.ConnectFailed(connect_fault(error.errno or errno.EIO)))
            return
        if code in (0, errno.EINPROGRESS):
            self._loop.watch(sock.fileno(), WRITE, partial(self._connected, sock))
        else:
            self._tell(steps.ConnectFailed(connect_fault(code)))

    def give_up(self) -> None:
        """Reset it; nothing more is told. Once it is proven, this does nothing."""
        sock, self._socket = self._socket, None
        if sock is not None:
            if sock.fileno() >= 0:
                self._loop.forget(sock.fileno())
            reset(sock)

    def abandon(self) -> None:
        self.give_up()
        self._tell(steps.EngineFailed(Reason.HANDSHAKE_REFUSED, "an error of the gate itself"))

    @contained
    def _connected(self, sock: socket.socket, _: int) -> None:
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._loop.forget(sock.fileno())
        if code:
            self._tell(steps.ConnectFailed(connect_fault(code)))
            return
        self._tell(steps.Connected())
        if self._socket is not sock:
            return  # It has been given up.
        if self._service.config.protocol == "postgres":
            self._ask_for_tls(sock)
        else:
            self._begin_handshake(sock)

    def _ask_for_tls(self, sock: socket.socket) -> None:
        try:
            sock.send(postgres.Word.TLS.value)
        except OSError as error:
            self._tell(steps.EngineFailed(network_fault(error), words(error)))
            return
        self._loop.watch(sock.fileno(), READ, partial(self._answered, sock))

    @contained
    def _answered(self, sock: socket.socket, _: int) -> None:
        try:
            answer = sock.recv(postgres.ANSWER)
        except BlockingIOError:
            return
        except OSError as error:
            self._tell(steps.EngineFailed(network_fault(error), words(error)))
            return
        if reason := postgres.objection(answer):
            self._tell(steps.EngineFailed(reason))
        else:
            self._loop.forget(sock.fileno())
            self._begin_handshake(sock)

    def _begin_handshake(self, sock: socket.socket) -> None:
        try:
            tls = TlsStream(
                sock, self._service.engine_context, self._service.config.host, self._service.session(self._address)
            )
        except OSError as error:
            self._tell(steps.EngineFailed(engine_fault(error, server_spoke=False), words(error)))
            return
        self._loop.watch(sock.fileno(), READ, partial(self._handshake, sock, tls))
        self._handshake(sock, tls, 0)

    @contained
    def _handshake(self, sock: socket.socket, tls: TlsStream, _: int) -> None:
        try:
            tls.do_handshake()
            shown = identity_of(tls.object.getpeercert(binary_form=True) or b"")
        except ssl.SSLWantReadError:
            self._loop.change(sock.fileno(), READ)
        except ssl.SSLWantWriteError:
            self._loop.change(sock.fileno(), WRITE)
        except OSError as error:
            reason = engine_fault(error, server_spoke=tls.object.cipher() is not None)
            self._tell(steps.EngineFailed(reason, words(error)))
        except ValueError as error:
            self._tell(steps.EngineFailed(Reason.CERTIFICATE_UNUSABLE, str(error)))
        else:
            self._socket = None
            self._loop.change(sock.fileno(), READ)
            self._tell(Proven(TlsLink(Side.ENGINE, sock, tls, READ), shown))
