"""TLS on a TCP socket that does not block, with OpenSSL kept away from the socket.

OpenSSL reads from a socket of its own until there is something to hand out. A peer may go on for ever with what is
legal and hands out nothing (KeyUpdate, RFC 8446 section 4.6.3), and nobody else would be served meanwhile. Here
OpenSSL gets what one recv(2) has brought, and no more.
"""

from __future__ import annotations

import socket
import ssl

RECORD = 16384
"""The most that one TLS record can hold (RFC 8446 section 5.1)."""
CHUNK = 2 * RECORD
"""Bytes of one recv(2): with what was left of a record before it, it holds no more than 48 KiB for whoever reads."""
_VIEW = memoryview(bytearray(CHUNK))
"""Shared by all connections: bytes stay in it only until OpenSSL has them."""


class TlsStream:
    """tcp: its sending and receiving are from now on this object's, and nothing else of it is.

    session, server_hostname: for a client, as `ssl.SSLContext.wrap_bio` has them; without a name it is a server.
    """

    __slots__ = ("_incoming", "_outgoing", "_tcp", "_tls", "_unsent", "read")

    def __init__(
        self,
        tcp: socket.socket,
        context: ssl.SSLContext,
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        self._tcp = tcp
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname is None, server_hostname, session=session
        )
        self.read = self._tls.read
        """Of what was fed, as `ssl.SSLObject.read`: 0 when the peer has ended it well. Raises SSLWantReadError,
        SSLEOFError when it was cut, SSLError."""
        self._unsent = b""
        """Of the handshake."""

    @property
    def object(self) -> ssl.SSLObject:
        """For what it knows of the connection."""
        return self._tls

    def do_handshake(self) -> None:
        """Go on with it. Raises SSLWantReadError, SSLWantWriteError: once readable, writable; other OSError."""
        self.feed()
        try:
            self._tls.do_handshake()
        finally:
            # An alert, too.
            self._send()
        if self._unsent:
            raise ssl.SSLWantWriteError

    def _send(self) -> None:
        self._unsent += self._outgoing.read()
        try:
            while self._unsent:
                self._unsent = self._unsent[self._tcp.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            # Who has left will be missed when there is something to be read from him; tickets, which come after the
            # handshake, are of no use to one who has said all that he wanted.
            self._unsent = b""

    def feed(self) -> int:
        """Take what has come, up to `CHUNK` bytes, and return how many. Raises OSError."""
        try:
            count = self._tcp.recv_into(_VIEW)
        except BlockingIOError:
            return 0
        if count:
            self._incoming.write(_VIEW[:count])
        else:
            self._incoming.write_eof()
        return count

    @property
    def is_drained(self) -> bool:
        """Whether another `read` would bring nothing but perhaps the end; where it is not, it may be in vain."""
        return not (self._incoming.pending or self._tls.pending())

    def recv(self, size: int) -> bytes:
        """As a socket's. Raises OSError, SSLWantReadError."""
        self.feed()
        return self._tls.read(size)

    def seal(self, data: memoryview) -> bytes:
        """What is to be sent for `data`, and for what OpenSSL has to say itself. Raises SSLError."""
        if data:
            self._tls.write(data)
        return self._outgoing.read()

    @property
    def has_to_say(self) -> bool:
        return self._outgoing.pending > 0

    def farewell(self) -> bool:
        """Say close_notify, for `seal`. Whether the peer's has come before. Raises SSLError.

        For one of which nothing is left that was fed and not read.
        """
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            return False
        return True
