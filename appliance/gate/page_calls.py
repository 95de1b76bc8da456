"""What browsers ask of the router's page: passed on with who asks, or answered here where nobody else can.

Pure, as `calls`, on which it stands.
"""

from __future__ import annotations

from collections.abc import Container

import h11

from appliance.gate.calls import Calls, last_answer
from appliance.text import Text

CLIENT = b"sekisho-client"
"""The browser's address. `webui.secure` reads it."""
CERTIFICATE = b"sekisho-certificate"
"""Whose certificate the browser was shown: ``account`` or ``own``."""
_OURS = frozenset({CLIENT, CERTIFICATE})

_AWAY = Text(
    "このページを作るプログラムが、いま動いていません。レセコンはそのまま使えます。"
    "このページは自動で元に戻ります。1分待っても変わらないときは、サポート会社に電話してください。",
    "The program that makes this page is not running now. The receipt computer is not affected. "
    "This page recovers by itself; if nothing changes within a minute, call your support company.",
)
_NOT_UNDERSTOOD = Text(
    "ルーターは、この要求を読めませんでした。新しいブラウザーで開き直してください。",
    "The router could not read this request. Open the page again, with a newer browser.",
)


class PageCalls(Calls):
    """client: the browser's address. is_vouched: it was shown the account's certificate. is_there: whether there is
    anybody to pass calls on to; if not, the first one is answered with a page that says so."""

    def __init__(self, client: str, *, is_vouched: bool, is_there: bool) -> None:
        super().__init__(lambda *_: is_there)
        self._ours = ((CLIENT, client.encode()), (CERTIFICATE, b"account" if is_vouched else b"own"))
        self._is_there = is_there
        self._is_answered = True
        self.questions = 0
        """That were begun."""

    def from_engine(self, data: bytes) -> bytes:
        self._is_answered = True
        return super().from_engine(data)

    def answer(self) -> bytes:
        return last_answer("400 Bad Request", _both(_NOT_UNDERSTOOD)) if self._is_there else _away()

    def left_alone(self) -> bytes:
        """For the browser, when the page's process ends: nothing where an answer had begun."""
        if self._is_answered:
            return b""
        self._is_answered = True
        return _away()

    def _objection(self, request: h11.Request) -> str | None:
        self.questions += 1
        return super()._objection(request)

    def _rewritten(self, request: h11.Request) -> h11.Request:
        self._is_answered = False
        # Some servers take one for the other (CGI, RFC 3875 section 4.1.18).
        theirs = [(name, value) for name, value in request.headers.raw_items() if _plain(name) not in _OURS]
        return h11.Request(method=request.method, target=request.target, headers=[*theirs, *self._ours])


class Redirect(Calls):
    """Leads whoever asks without TLS to the same place with it. hosts: this router's; home: for who asked any other
    or none, so that nobody is led away by a forged one."""

    def __init__(self, hosts: Container[str], home: str) -> None:
        super().__init__(lambda *_: False)
        self._hosts, self._home = hosts, home
        self._location: str | None = None

    def answer(self) -> bytes:
        if self._location is None:
            return last_answer("400 Bad Request", _both(_NOT_UNDERSTOOD))
        return last_answer("307 Temporary Redirect", "", "text/plain", f"Location: {self._location}")

    def _objection(self, request: h11.Request) -> str | None:
        target = request.target.decode("latin-1")
        host = dict(request.headers).get(b"host", b"").decode("latin-1").partition(":")[0].lower()
        # Only what begins with the path itself (RFC 9112 section 3.2.1): the other forms are for proxies.
        if target.startswith("/"):
            self._location = f"https://{host if host in self._hosts else self._home}{target}"
        return "without TLS"


def _plain(name: bytes) -> bytes:
    return name.lower().replace(b"_", b"-")


def _both(text: Text) -> str:
    return f"{text.ja}\n{text.en}\n"


def _away() -> bytes:
    page = (
        '<!doctype html>\n<html lang="ja">\n<head><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        '<meta name="viewport" content="width=device-width"><title>関所 Sekisho</title></head>\n'
        f'<body><main><p>{_AWAY.ja}</p><p lang="en">{_AWAY.en}</p></main></body>\n</html>\n'
    )
    policy = "Content-Security-Policy: default-src 'none'"
    return last_answer("503 Service Unavailable", page, "text/html", "Retry-After: 5", policy)
