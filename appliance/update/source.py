"""Where a bundle's bytes come from: a file, or the data center's web server, of which only what is missing is asked.

Both give what the file says and judge nothing: `bundle` and `manifest` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from appliance.errors import SekishoError
from appliance.update import bundle

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

GAP = 8 << 10
"""Bytes that are rather read over than asked around."""
_AT_ONCE = 4 << 20
"""Bytes of one question."""


class Source(Protocol):
    def read(self, at: int, length: int) -> bytes:
        """All of it. Raises ``firmware.cut-off``, ``firmware.source``."""

    def pieces(self, wanted: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """For each position and length, in rising order, its bytes."""


def signed_manifest(source: Source) -> bytes:
    """Raises also ``firmware.not-a-bundle``, ``firmware.newer-format``."""
    return source.read(bundle.HEAD, bundle.manifest_size(source.read(0, bundle.HEAD)))


class FileSource:
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._stream = path.open("rb")
        except OSError as error:
            raise self._failed(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._stream.close()

    def read(self, at: int, length: int) -> bytes:
        try:
            self._stream.seek(at)
            data = self._stream.read(length)
        except OSError as error:
            raise self._failed(error) from None
        if len(data) < length:
            raise bundle.cut_off()
        return data

    def pieces(self, wanted: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        for at, length in wanted:
            yield self.read(at, length)

    def _failed(self, error: OSError) -> SekishoError:
        return SekishoError(
            "firmware.source",
            f"ファームウェアのファイル {self._path} を読めません（{error.strerror}）。場所と名前を確かめてください。",
            f"The firmware file {self._path} cannot be read ({error.strerror}): check where it is and its name.",
        )


class WebSource:
    """By ranges (RFC 9110 section 14) of one file. address: of `host`, asked for already. source: own address.

    etag: the file as it was seen; when it has become another, ``firmware.replaced``. timeout: seconds for each step.
    """

    def __init__(
        self, host: str, address: str, port: int, path: str, source: str, etag: str | None = None, timeout: float = 20.0
    ) -> None:
        from http.client import HTTPConnection

        self._host = host if port == 80 else f"{host}:{port}"
        self._path = path
        self.etag = etag
        self.received = 0
        self._connection: HTTPConnection = HTTPConnection(address, port, timeout=timeout, source_address=(source, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._connection.close()

    def is_as_before(self) -> bool:
        """Whether the file is the one that `etag` names; otherwise `etag` names the new one from now on."""
        answer = self._ask(0, bundle.HEAD, {"If-None-Match": self.etag} if self.etag else {})
        if answer.status == 304:
            self._read(answer, None)
            return True
        self._check(answer, bundle.HEAD)
        self.etag = answer.getheader("ETag")
        self._read(answer, bundle.HEAD)
        return False

    def read(self, at: int, length: int) -> bytes:
        headers = {"If-Match": self.etag} if self.etag and not self.etag.startswith("W/") else {}
        answer = self._ask(at, length, headers)
        self._check(answer, length)
        return self._read(answer, length)

    def pieces(self, wanted: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        for group in _grouped(wanted):
            first, last = group[0][0], group[-1][0] + group[-1][1]
            data = self.read(first, last - first)
            for at, length in group:
                yield data[at - first : at - first + length]

    def _ask(self, at: int, length: int, headers: dict[str, str]) -> HTTPResponse:
        from http.client import HTTPException

        wanted = {"Host": self._host, "User-Agent": "sekisho", "Range": f"bytes={at}-{at + length - 1}", **headers}
        try:
            if self._connection.sock is not None:
                # A server closes what is idle for a while, as it is when a slow machine looks through its slots; what
                # is only read may be asked again (RFC 9112 section 9.3.1).
                with suppress(ConnectionError):
                    return self._answered(wanted)
                self._connection.close()
            return self._answered(wanted)
        except (OSError, HTTPException, ValueError) as error:
            self._connection.close()
            raise _unreachable(f"{type(error).__name__}: {error}") from None

    def _answered(self, headers: dict[str, str]) -> HTTPResponse:
        self._connection.request("GET", self._path, headers=headers)
        return self._connection.getresponse()

    def _check(self, answer: HTTPResponse, length: int) -> None:
        if answer.status == 412:
            raise SekishoError(
                "firmware.replaced",
                "データセンターのファームウェアが、受け取っている間に新しくなりました。自動で始めからやり直します。",
                "The data center's firmware was replaced while it was being fetched: it is begun anew by itself.",
            )
        if answer.status == 416:
            raise bundle.cut_off()
        if answer.status != 206 or answer.getheader("Content-Length") != str(length):
            # A shorter answer is a shorter file; a whole one (200) would be a hundred megabytes for a few.
            self._connection.close()
            if answer.status == 206:
                raise bundle.cut_off()
            raise _unreachable(f"HTTP status {answer.status}")

    def _read(self, answer: HTTPResponse, length: int | None) -> bytes:
        from http.client import HTTPException

        try:
            data = answer.read(length)
        except (OSError, HTTPException, ValueError) as error:
            self._connection.close()
            raise _unreachable(f"{type(error).__name__}: {error}") from None
        if length is not None and len(data) < length:
            self._connection.close()
            raise _unreachable("the connection ended early")
        self.received += len(data)
        return data


def _grouped(wanted: Iterable[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    group: list[tuple[int, int]] = []
    for at, length in wanted:
        if group:
            end = group[-1][0] + group[-1][1]
            if at - end > GAP or at + length - group[0][0] > _AT_ONCE:
                yield group
                group = []
        group.append((at, length))
    if group:
        yield group


def _unreachable(why: str) -> SekishoError:
    shown = "".join(character if character.isprintable() else "?" for character in why)[:200]
    return SekishoError(
        "firmware.source",
        f"データセンターからファームウェアを受け取れません（{shown}）。自動でもう一度行います。",
        f"The firmware cannot be had from the data center ({shown}): it is tried again by itself.",
    )
