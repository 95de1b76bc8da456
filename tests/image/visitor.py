"""A person before the router's page, with a browser that has no scripts: links, forms, cookies."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from html.parser import HTMLParser
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

from tests.lab import page
from tests.lab.machine import Machine
from tests.lab.page import Answer

_LIMIT = 600.0
"""Seconds: what is slow on purpose, as the check of a password, an emulated machine does in many."""
_MOST_REDIRECTIONS = 5
_PATIENCE = 12
"""How often a page is opened once more that says to wait a little: the emulated router may be minutes behind."""


class Visitor:
    """On a machine of the world, past the browser's warning. address: as typed, a name or an address.

    Whatever is refused (a status of 400 and more) is a ValueError with the page; OSError where nobody answers. A page
    that says to wait a little is opened again, as anybody would; a form is sent once.
    """

    def __init__(self, machine: Machine, address: str, host: str | None = None) -> None:
        self._machine, self._address, self._host = machine, address, host or address
        self._cookies: dict[str, str] = {}
        self._browser: ssl.SSLContext = page.blind()
        self.page = ""
        self.path = ""

    def open(self, path: str) -> Self:
        """Goes where it is sent on to; `path` is then that place."""
        return self._go("GET", path, {}, None)

    def send(self, action: str, typed: Mapping[str, str], limit: float = _LIMIT) -> Self:
        """The open page's form of that action, with what stood in it already. None of `typed` needs to be there.
        limit: seconds."""
        fields = {**_form(self.page, action), **typed}
        border = uuid4().hex
        parts = [_part(border, name, value) for name, value in fields.items()]
        headers = {"Content-Type": f"multipart/form-data; boundary={border}", "Origin": f"https://{self._host}"}
        return self._go("POST", action, headers, b"".join(parts) + f"--{border}--\r\n".encode(), limit)

    def _go(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, limit: float = _LIMIT
    ) -> Self:
        for _ in range(_MOST_REDIRECTIONS):
            answer = self._answer(method, path, headers, body, limit)
            if answer.status != HTTPStatus.SEE_OTHER:
                break
            method, path, headers, body = "GET", answer.headers["Location"], {}, None
        self.page, self.path = answer.text, urlsplit(path).path
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ValueError(f"{method} {path}: {answer.status}\n{answer.text}")
        return self

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, limit: float) -> Answer:
        answer = self._ask(method, path, headers, body, limit)
        for _ in range(_PATIENCE if method == "GET" else 0):
            if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            time.sleep(5)
            answer = self._ask(method, path, headers, body, limit)
        return answer

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, limit: float) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        told = {"Host": self._host, "Cookie": cookies, **headers}
        answer = page.ask(self._machine, self._address, method, path, told, body, browser=self._browser, limit=limit)
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer


class _Fields(HTMLParser):
    """What a browser would send of the form with this action if nobody typed anything."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self._action = action
        self._inside = False
        self._select: str | None = None
        self.found: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = self.found is None and told.get("action") == self._action
            self.found = {} if self._inside else self.found
        if not self._inside or self.found is None:
            return
        name, kind = told.get("name", ""), told.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in told or self._select not in self.found):
            self.found[self._select] = told.get("value", "")
        elif tag == "input" and name and (kind not in ("checkbox", "radio", "file") or "checked" in told):
            self.found[name] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None


def _form(html: str, action: str) -> dict[str, str]:
    fields = _Fields(action)
    fields.feed(html)
    if fields.found is None:
        raise ValueError(f"no form for {action} on this page:\n{html}")
    return fields.found


def _part(border: str, name: str, value: str) -> bytes:
    """RFC 7578."""
    return f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
