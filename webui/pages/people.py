"""The vendor's page of the managers' log-ins."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from appliance.errors import SekishoError
from webui.pages import access_view
from webui.pages.access import PATIENCE
from webui.pages.leaf import Leaf
from webui.visit import Visits

_DONE = {"unlock": "unlocked", "remove": "person_removed"}


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    routes = Blueprint("people", __name__)

    @routes.get("/people")
    @visits.needs("vendor")
    def listing() -> Response:
        return page()

    @routes.post("/people")
    @visits.needs("vendor")
    def add() -> Response:
        return done("add", {"name": request.form.get("name", "").strip(), "role": "manager"})

    @routes.post("/people/<name>")
    @visits.needs("vendor")
    def change(name: str) -> Response:
        what = request.form.get("do", "")
        if what not in ("reset", "unlock", "remove"):
            raise BadRequest
        return done(what, {"name": name})

    def done(what: str, params: dict[str, Any]) -> Response:
        try:
            answer = visits.call(f"access.accounts.{what}", params, PATIENCE)
        except SekishoError as error:
            return page(error, 422)
        return page(said=_DONE[what]) if what in _DONE else page(made=answer)

    def page(
        error: SekishoError | None = None, code: int = 200, said: str = "", made: dict[str, Any] | None = None
    ) -> Response:
        language = leaf.language()
        people = access_view.people(visits.call("access.accounts.list")["accounts"], language)
        until = access_view.until(made["until"], language) if made else ""
        return leaf.page(
            "access/people.html", "people", error, code, said=said, people=people, made=made, until=until,
            switch="/people?",
        )  # fmt: skip

    return routes
