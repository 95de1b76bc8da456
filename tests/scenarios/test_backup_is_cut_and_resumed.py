"""A clinic's backup of many megabytes is cut on its way and goes on where it was, beside a receipt session."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.lab import addresses, backup, observe
from tests.lab.client import LIMIT, ReceiptClient
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios import more_services

pytestmark = pytest.mark.namespaces

KEPT = "/var/backup"
PIECE = 1 << 16
DATA = random.Random(1).randbytes(24 << 20)
Happenings = dict[int, Callable[[], None]]
"""What happens once so many bytes have left the terminal."""


def test_backup_is_cut_and_resumed(world: World) -> None:
    host = more_services.start_host(world, "backup", backup.PORT, KEPT)
    clinic = more_services.begin_with(world, "backup", addresses.BACKUP_HOST, backup.PORT)
    client = dataclasses.replace(clinic.client("doctor", addresses.BACKUP_HOST), port=backup.PORT)

    def host_dies() -> None:
        host.kill()
        host.wait(LIMIT)

    cut = {len(DATA) // 4: lambda: clinic.cut_tunnel(1), len(DATA) // 2: host_dies}
    with observe.Session(clinic) as session, ThreadPoolExecutor(1) as terminal:
        first = terminal.submit(upload, client, 0, cut)
        while not first.done():
            session.exchange()
        # The tunnel's loss it has outlived; the host's it cannot.
        assert clinic.concentrator_in_use() == 2
        with pytest.raises(OSError):
            first.result()
        more_services.start_host(world, "backup", backup.PORT, KEPT)
        until(lambda: _reaches(client), "the backup host is proven again")
        kept = offset(client)
        assert 0 < kept < len(DATA)

        rest = terminal.submit(upload, client, kept, {})
        while not rest.done():
            session.exchange()
        rest.result()
        session.exchange()
    assert offset(client) == len(DATA)
    arrived = clinic.machines["e1"].run("sha256sum", KEPT).stdout.split()[0]
    assert arrived == hashlib.sha256(DATA).hexdigest()
    clinic.mend_tunnel(1)
    observe.await_green(clinic)


def upload(client: ReceiptClient, begin: int, happenings: Happenings) -> None:
    """All from `begin` on, in one request. Raises OSError when the connection breaks."""
    with _connected(client) as connection:
        connection.putrequest("PATCH", backup.PATH)
        connection.putheader("Upload-Offset", str(begin))
        connection.putheader("Content-Type", "application/offset+octet-stream")
        connection.putheader("Content-Length", str(len(DATA) - begin))
        connection.endheaders()
        left = dict(happenings)
        for place in range(begin, len(DATA), PIECE):
            for due in [at for at in left if at <= place]:
                left.pop(due)()
            connection.send(DATA[place : place + PIECE])
        assert connection.getresponse().status == http.HTTPStatus.NO_CONTENT


def offset(client: ReceiptClient) -> int:
    """How much the host has."""
    with _connected(client) as connection:
        connection.request("HEAD", backup.PATH)
        return int(connection.getresponse().headers["Upload-Offset"])


def _reaches(client: ReceiptClient) -> bool:
    try:
        offset(client)
    except TimeoutError:
        raise
    except OSError:
        return False
    return True


@contextmanager
def _connected(client: ReceiptClient) -> Iterator[http.client.HTTPConnection]:
    with (
        client.connect(client.host, client.port) as tcp,
        client.tls().wrap_socket(tcp, server_hostname=client.host) as tls,
    ):
        connection = http.client.HTTPConnection(client.host, client.port)
        connection.sock = tls
        yield connection
