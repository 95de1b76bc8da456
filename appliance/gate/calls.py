"""A terminal's HTTP calls on one connection, each looked at before it is passed on: bytes in, bytes out, no sockets.

HTTP/1.1 (RFC 9112), by h11, one call at a time: the next one is not looked at before the answer to this one is
whole, so that a refusal never stands in the middle of somebody else's answer. Requests are written anew from what was
understood of them: the engine cannot understand them differently. Answers pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import h11

from appliance.gate.reasons import TEXTS, Reason


class Calls:
    """permits: whether a call, by method and target, may be passed on."""

    def __init__(self, permits: Callable[[str, str], bool]) -> None:
        self._permits = permits
        self._terminal, self._engine = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
        self._is_under_way = False
        self._is_cut = False
        """The engine has spoken out of turn: there is nobody to pass anything on to."""
        self.refused: str | None = None
        """What was refused, in one line; then nothing more is passed on."""

    @property
    def waits(self) -> bool:
        """Whether nothing more is wanted from the terminal before the engine has answered."""
        return self.refused is None and self._is_under_way and self._terminal.their_state is not h11.SEND_BODY

    def from_terminal(self, data: bytes) -> bytes:
        """For the engine."""
        if self.refused is not None or self._is_cut:
            return b""
        self._terminal.receive_data(data)
        return self._pass_on()

    def from_engine(self, data: bytes) -> bytes:
        """For the engine, of what the terminal had said already; the answer itself goes to the terminal as it is.

        Raises ConnectionError: that was no answer in HTTP/1.1, or more than one.
        """
        if not self._is_under_way:
            self._is_cut = True
            raise ConnectionError("the engine speaks before it is asked")
        try:
            self._engine.receive_data(data)
            while self._engine.their_state is not h11.DONE:
                event = self._engine.next_event()
                if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                    return b""
        except h11.RemoteProtocolError as error:
            self._is_cut = True
            raise ConnectionError(f"not HTTP/1.1: {error}") from error
        if self._engine.trailing_data[0]:
            self._is_cut = True
            raise ConnectionError("the engine says more than it was asked")
        return self._pass_on() if self._begin_next() else b""

    def answer(self) -> bytes:
        """For the terminal, when something was refused."""
        text = TEXTS[Reason.NOT_PERMITTED]
        return last_answer("403 Forbidden", f"{text.ja}\n{text.en}\n{self.refused}\n")

    def _pass_on(self) -> bytes:
        passed = b""
        try:
            while not self.waits:
                event = self._terminal.next_event()
                match event:
                    case h11.Request():
                        if refused := self._objection(event):
                            self.refused = refused
                            break
                        passed += self._engine.send(self._rewritten(event)) or b""
                        self._is_under_way = True
                    case h11.Data():
                        passed += self._engine.send(event) or b""
                    case h11.EndOfMessage():
                        passed += self._engine.send(event) or b""
                        # Some engines answer before they have heard everything.
                        self._begin_next()
                    case _:
                        break
        except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
            # Where a call was under way, its rest never comes: the engine's side is dropped with it.
            self.refused = f"not HTTP/1.1: {error}"
        return passed

    def _rewritten(self, request: h11.Request) -> h11.Request:
        """As it is passed on."""
        return request

    def _objection(self, request: h11.Request) -> str | None:
        method, target = request.method.decode("latin-1"), request.target.decode("latin-1")
        shown = f"{method[:20]} {target.partition('?')[0][:100]}"
        if request.http_version != b"1.1":
            return f"{shown}: not HTTP/1.1"
        names = {name for name, _ in request.headers}
        # Behind either of them something else would be spoken, at which nobody looks.
        if method == "CONNECT" or b"upgrade" in names:
            return f"{shown}: upgrade"
        # Not every server minds the same one of the two (RFC 9112 section 6.1).
        if {b"content-length", b"transfer-encoding"} <= names:
            return f"{shown}: two lengths"
        return None if self._permits(method, target) else shown

    def _begin_next(self) -> bool:
        """Whether question and answer are both whole, and another question may come."""
        if not (self._terminal.their_state is self._engine.their_state is self._engine.our_state is h11.DONE):
            return False
        self._engine.start_next_cycle()
        rest, _ = self._terminal.trailing_data
        self._terminal = h11.Connection(h11.SERVER)
        if rest:
            self._terminal.receive_data(rest)
        self._is_under_way = False
        return True


def last_answer(status: str, text: str, content_type: str = "text/plain", *more: str) -> bytes:
    """An answer of the router's own, after which the connection ends. status: code and phrase. more: header lines."""
    body = text.encode()
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *more,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
