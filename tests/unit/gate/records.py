"""Records that no TLS library sends: of a connection that Python's ssl has begun, and whose secrets it has told."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from enum import IntEnum
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.unit.gate.pki import HOST

_TAG = 16
_HASHES = {"SHA256": hashlib.sha256, "SHA384": hashlib.sha384}


class Content(IntEnum):
    """RFC 8446 section 5.1."""

    HANDSHAKE = 22
    APPLICATION_DATA = 23


class Handshaken:
    """A client's end after the handshake, from where its records are made here. AES-GCM only.

    context: a client's. scratch: a folder for its secrets. Raises OSError.
    """

    def __init__(self, context: ssl.SSLContext, tcp: socket.socket, scratch: Path) -> None:
        secrets = scratch / "secrets"
        secrets.unlink(missing_ok=True)
        context.keylog_filename = str(secrets)
        self.socket = tcp
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
        heard = b""
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                tcp.sendall(outgoing.read())
                data = tcp.recv(65536)
                if not data:
                    raise ConnectionError("no handshake") from None
                heard += data
                incoming.write(data)
        tcp.sendall(outgoing.read())
        cipher, version, _ = tls.cipher() or ("", "", 0)
        self._is_new = version == "TLSv1.3"
        self._hash = _HASHES[cipher[-6:]]
        self._key_length = 32 if "256" in cipher.replace("SHA256", "") else 16
        told = dict(line.split(" ", 1) for line in secrets.read_text().splitlines() if not line.startswith("#"))
        self._number = 0
        if self._is_new:
            self._use(bytes.fromhex(told["CLIENT_TRAFFIC_SECRET_0"].split()[1]))
        else:
            client_random, master = (bytes.fromhex(word) for word in told["CLIENT_RANDOM"].split())
            # ServerHello is the first message: record (5), message (4), version (2), random.
            block = self._prf(master, b"key expansion" + heard[11:43] + client_random)
            self._cipher = AESGCM(block[: self._key_length])
            self._iv = block[2 * self._key_length :][:4]
            # Finished was the first record under these keys.
            self._number = 1

    def record(self, content: Content, data: bytes = b"") -> bytes:
        """The next one. data: may be empty."""
        number = self._number.to_bytes(8)
        self._number += 1
        if not self._is_new:
            # RFC 5288 section 3, RFC 5246 section 6.2.3.3
            header = bytes([content]) + b"\x03\x03"
            sealed = self._cipher.encrypt(self._iv + number, data, number + header + len(data).to_bytes(2))
            return header + (len(number) + len(sealed)).to_bytes(2) + number + sealed
        inner = data + bytes([content])
        header = b"\x17\x03\x03" + (len(inner) + _TAG).to_bytes(2)
        nonce = bytes(a ^ b for a, b in zip(self._iv, bytes(4) + number, strict=True))
        return header + self._cipher.encrypt(nonce, inner, header)

    def key_update(self, *, answer: bool) -> bytes:
        """TLS 1.3 only; what follows goes under the next key (RFC 8446 section 4.6.3). answer: is wanted."""
        record = self.record(Content.HANDSHAKE, b"\x18\x00\x00\x01" + bytes([answer]))
        self._use(self._expand(self._secret, b"traffic upd", self._hash().digest_size))
        return record

    def _use(self, secret: bytes) -> None:
        self._secret, self._number = secret, 0
        self._cipher = AESGCM(self._expand(secret, b"key", self._key_length))
        self._iv = self._expand(secret, b"iv", 12)

    def _expand(self, secret: bytes, label: bytes, length: int) -> bytes:
        """HKDF-Expand-Label without a context, of one block (RFC 8446 section 7.1)."""
        label = b"tls13 " + label
        info = length.to_bytes(2) + bytes([len(label)]) + label + b"\x00\x01"
        return hmac.digest(secret, info, self._hash)[:length]

    def _prf(self, secret: bytes, seed: bytes) -> bytes:
        """RFC 5246 section 5, as much as a key block of AES-GCM takes."""
        link, block = seed, b""
        for _ in range(3):
            link = hmac.digest(secret, link, self._hash)
            block += hmac.digest(secret, link + seed, self._hash)
        return block
