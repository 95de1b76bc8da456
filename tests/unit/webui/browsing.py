"""A browser without scripts, as a person uses it."""

from __future__ import annotations

import html
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.unit.control.access_desk import GOOD, HERE
from tests.unit.webui.test_page import Outline

ROUTER = "https://sekisho.lan"


class Browser:
    """Follows forms as a person does: what is hidden in them is sent along."""

    def __init__(self, app: Flask, address: str = HERE) -> None:
        self._client: FlaskClient = app.test_client()
        self._by_gate = {"HTTP_SEKISHO_CLIENT": address}
        self.page: TestResponse | None = None

    def get(self, path: str, **more: Any) -> TestResponse:
        self.page = self._client.get(path, base_url=ROUTER, environ_base=self._by_gate, **more)
        return self.page

    def send(
        self, action: str, hidden: dict[str, str] | None = None, headers: Any = None, **typed: str
    ) -> TestResponse:
        """Into the form of that action on the page that is open."""
        given = self.hidden(action) if hidden is None else hidden
        typed = {name.rstrip("_"): value for name, value in typed.items()}
        self.page = self._client.post(
            action,
            data={**given, **typed},
            base_url=ROUTER,
            headers={"Origin": ROUTER, "Sec-Fetch-Site": "same-origin", **(headers or {})},
            environ_base=self._by_gate,
        )
        return self.page

    def hidden(self, action: str) -> dict[str, str]:
        assert self.page is not None
        form = next(
            form for form in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL) if f'action="{action}"' in form
        )
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
        return {html.unescape(name): html.unescape(value) for name, value in fields}

    def log_in(self, password: str = GOOD, name: str = "vendor") -> TestResponse:
        self.get("/login")
        return self.send("/login", name=name, password=password)

    def cookie(self, name: str) -> Any:
        return self._client.get_cookie(name, domain="sekisho.lan")

    @property
    def text(self) -> str:
        assert self.page is not None
        return Outline(self.page.text).text
