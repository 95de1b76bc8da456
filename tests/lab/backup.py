"""The data center's backup host: an upload that was cut goes on from where the host has it.

``python -m tests.lab.backup ADDRESS PORT CERTIFICATE KEY CLIENT_CA FILE``. The core of the tus protocol 1.0: HEAD tells
the offset, PATCH goes on from it. What has arrived is in FILE, whatever became of the connection.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path

from tests.lab.https import Answers, serve

PATH = "/files/clinic"
PORT = 8443
_PIECE = 1 << 16


class Backup(Answers):
    """Keeps one upload, in `file`."""

    file = Path()

    def do_HEAD(self) -> None:  # noqa: N802
        self.answer(HTTPStatus.OK, Tus_Resumable="1.0.0", Upload_Offset=str(self._offset()))

    def do_PATCH(self) -> None:  # noqa: N802
        if self.headers.get("Upload-Offset") != str(self._offset()):
            self.close_connection = True
            return self.answer(HTTPStatus.CONFLICT)
        missing = int(self.headers["Content-Length"])
        with self.file.open("ab", buffering=0) as kept:
            while missing and (piece := self.rfile.read1(min(missing, _PIECE))):
                kept.write(piece)
                missing -= len(piece)
        if missing:
            self.close_connection = True
            return None
        return self.answer(HTTPStatus.NO_CONTENT, Tus_Resumable="1.0.0", Upload_Offset=str(self._offset()))

    def _offset(self) -> int:
        return self.file.stat().st_size if self.file.exists() else 0


if __name__ == "__main__":
    _, address, port, certificate, key, client_ca, file = sys.argv
    Backup.file = Path(file)
    serve(Backup, address, int(port), certificate, key, client_ca)
