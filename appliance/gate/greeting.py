"""The terminal's side of a connection, until it may be joined with an engine's: its first word, TLS, its certificate.

How it begins is the service's protocol: ``tls`` with TLS at once, ``postgres`` with the question whether TLS may
follow, ``plain`` with what it has to say.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from appliance.gate import postgres, steps
from appliance.gate.contained import contained
from appliance.gate.faults import terminal_fault, words
from appliance.gate.link import PlainLink, TlsLink
from appliance.gate.loop import READ, WRITE, Loop
from appliance.gate.reasons import TEXTS, Reason
from appliance.gate.sockets import reset
from appliance.gate.steps import Side
from appliance.gate.tls import RECORD, TlsStream
from appliance.pins import identity_of


@dataclass(frozen=True, slots=True)
class Met:
    """link: its socket is watched for its loss only, and what the terminal says next stays in the kernel.

    mark: of its certificate, see `pins`; None: it has shown none.
    """

    link: TlsLink | PlainLink
    mark: str | None


Step = Met | steps.TerminalFailed | steps.Broken | steps.Ended


class Greeting:
    """protocol: see the module. context: for TLS. tell: hears how it went, and afterwards of the terminal's loss. There
    are no time-outs."""

    def __init__(
        self,
        loop: Loop,
        protocol: str,
        context: Callable[[], ssl.SSLContext],
        sock: socket.socket,
        tell: Callable[[Step], None],
    ) -> None:
        self._loop, self._protocol, self._context, self._socket, self._tell = loop, protocol, context, sock, tell

    def begin(self) -> None:
        match self._protocol:
            case "plain":
                self._loop.watch(self._socket.fileno(), 0, self._lost)
                self._tell(Met(PlainLink(Side.TERMINAL, self._socket, 0), None))
            case "postgres":
                self._loop.watch(self._socket.fileno(), READ, partial(self._first_word, bytearray()))
            case _:
                self._begin_tls()

    def close(self, *, abruptly: bool) -> None:
        if self._socket.fileno() >= 0:
            self._loop.forget(self._socket.fileno())
        if abruptly:
            reset(self._socket)
        else:
            self._socket.close()

    def abandon(self) -> None:
        self._tell(steps.Broken(Side.TERMINAL))

    # ---- PostgreSQL ----------------------------------------------------------------

    @contained
    def _first_word(self, heard: bytearray, _: int) -> None:
        try:
            # Not one byte more: what follows is TLS.
            data = self._socket.recv(postgres.WORD - len(heard))
        except BlockingIOError:
            return
        except OSError as error:
            self._tell(steps.TerminalFailed(Reason.TERMINAL_LEFT, words(error)))
            return
        if not data:
            self._tell(steps.TerminalFailed(Reason.TERMINAL_LEFT))
            return
        heard += data
        match postgres.first_word(bytes(heard)):
            case postgres.Word.TLS:
                self._say(postgres.YES)
                self._loop.forget(self._socket.fileno())
                self._begin_tls()
            case postgres.Word.GSS:
                self._say(postgres.NO)
                heard.clear()
            case postgres.Word.OTHER:
                text = TEXTS[Reason.TERMINAL_NOT_ENCRYPTED]
                self._say(postgres.refusal(f"{text.ja} / {text.en}"))
                self._tell(steps.TerminalFailed(Reason.TERMINAL_NOT_ENCRYPTED))

    def _say(self, data: bytes) -> None:
        # A few bytes on a connection that has carried none yet; who has left meanwhile is noticed next.
        with contextlib.suppress(OSError):
            self._socket.send(data)

    # ---- TLS -----------------------------------------------------------------------

    def _begin_tls(self) -> None:
        try:
            tls = TlsStream(self._socket, self._context())
        except OSError as error:
            self._tell(steps.TerminalFailed(terminal_fault(error), words(error)))
            return
        self._loop.watch(self._socket.fileno(), READ, partial(self._handshake, tls))

    @contained
    def _handshake(self, tls: TlsStream, _: int) -> None:
        sock = self._socket
        try:
            tls.do_handshake()
            certificate = tls.object.getpeercert(binary_form=True)
            mark = identity_of(certificate).mark if certificate else None
        except ssl.SSLWantReadError:
            self._loop.change(sock.fileno(), READ)
        except ssl.SSLWantWriteError:
            self._loop.change(sock.fileno(), WRITE)
        except OSError as error:
            self._tell(steps.TerminalFailed(terminal_fault(error), words(error)))
        except ValueError as error:
            self._tell(steps.TerminalFailed(Reason.TERMINAL_CERTIFICATE_REFUSED, str(error)))
        else:
            self._loop.change(sock.fileno(), 0)
            self._loop.handle_by(sock.fileno(), self._lost)
            self._tell(Met(TlsLink(Side.TERMINAL, sock, tls, 0), mark))

    @contained
    def _lost(self, _: int) -> None:
        self._tell(steps.Broken(Side.TERMINAL))

    # ---- the end of one that was refused -------------------------------------------

    def drain(self) -> None:
        """Send FIN after what has been said, and throw away what still comes. → Ended or Broken."""
        sock = self._socket
        if sock.fileno() >= 0:
            self._loop.forget(sock.fileno())
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:  # gone already
            self._loop.soon(partial(self._lost, 0))
            return
        self._loop.watch(sock.fileno(), READ, partial(self._drained, sock))

    @contained
    def _drained(self, sock: socket.socket, _: int) -> None:
        try:
            if sock.recv(RECORD):
                # More of it later: whoever talks on and on must not keep the others waiting.
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._tell(steps.Ended(Side.TERMINAL, clean=False))
