"""The data center's host for new certificates: a terminal that shows its old one is given the next.

``python -m tests.lab.renewal ADDRESS PORT CERTIFICATE KEY CLIENT_CA P12 PASSWORD``; the last two name files. As the
real one: ``POST /api/cert`` answers ``{uri, pass}``, and a GET of the uri brings the PKCS#12 file.
"""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from pathlib import Path

from tests.lab.https import Answers, serve

PATH = "/api/cert"
PORT = 8444
_NEXT = "/cert/next.p12"


class Renewal(Answers):
    """Has one certificate to give."""

    p12 = b""
    password = ""

    def do_POST(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != PATH:
            return self.answer(HTTPStatus.NOT_FOUND)
        told = {"uri": f"https://{self.headers['Host']}{_NEXT}", "pass": self.password}
        return self.answer(HTTPStatus.OK, json.dumps(told).encode(), Content_Type="application/json")

    def do_GET(self) -> None:  # noqa: N802
        if self.path != _NEXT:
            return self.answer(HTTPStatus.NOT_FOUND)
        return self.answer(HTTPStatus.OK, self.p12, Content_Type="application/x-pkcs12")


if __name__ == "__main__":
    _, address, port, certificate, key, client_ca, p12, password = sys.argv
    Renewal.p12, Renewal.password = Path(p12).read_bytes(), Path(password).read_text()
    serve(Renewal, address, int(port), certificate, key, client_ca)
