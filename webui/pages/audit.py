"""The audit record, for those who have logged in: a selection of it, whether it is whole, and files to take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from appliance.errors import SekishoError
from webui.pages import audit_view
from webui.pages.access import LOGGED_IN
from webui.pages.leaf import Leaf
from webui.visit import Visits
from webui.words.audit import WORDS

LOOK_SECONDS = 75.0
"""Years of entries on a small machine."""
SHOWN = 50
TAKEN = 500
"""Entries of one answer: on a page, and of a file that is being taken away."""
_FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    routes = Blueprint("audit", __name__, url_prefix="/audit")

    @routes.get("")
    @visits.needs(*LOGGED_IN)
    def listing() -> Response:
        return page()

    @routes.get("/verify")
    @visits.needs(*LOGGED_IN)
    def verify() -> Response:
        try:
            told = visits.call("audit.verify", {"known": request.args.get("known", "").strip() or None}, LOOK_SECONDS)
        except SekishoError as error:
            return page(error)
        return page(verdict=audit_view.verdict(told, leaf.language()))

    @routes.get("/record.<any(csv, jsonl):form>")
    @visits.needs(*LOGGED_IN)
    def take(form: str) -> Response:
        try:
            wanted = _filter().params()
        except ValueError:
            return page()
        lines = stream_with_context(_lines(visits, form, wanted))
        name = f'attachment; filename="sekisho-audit.{form}"'
        return Response(lines, mimetype=_FORMS[form], headers={"Content-Disposition": name})

    def page(error: SekishoError | None = None, verdict: audit_view.Verdict | None = None) -> Response:
        language, asked = leaf.language(), _filter()
        found: dict[str, Any] = {"entries": [], "more": False}
        before = request.args.get("before", type=int)
        try:
            found = visits.call("audit.list", {**asked.params(), "limit": SHOWN, "before": before}, LOOK_SECONDS)
        except ValueError:
            error = error or SekishoError("page.bad-day", WORDS["bad_day"].ja, WORDS["bad_day"].en)
        except SekishoError as refused:
            error = error or refused
        last = min((entry["number"] for entry in found["entries"] if entry["number"]), default=0)
        return leaf.page(
            "audit/page.html",
            "audit_title",
            error,
            422 if error else 200,
            words=WORDS,
            rows=audit_view.rows(found["entries"], language),
            asked=asked,
            older=asked.query(before=str(last)) if found["more"] and last else "",
            newest=asked.query() if before is not None else None,
            verdict=verdict,
            known=request.args.get("known", ""),
            options=audit_view.options(language),
            switch=f"{request.path}?{''.join(f'{part}&' for part in [asked.query()] if part)}",
        )

    return routes


def _filter() -> audit_view.Filter:
    given = (request.args.get(name, "").strip() for name in ("from", "until", "role", "name", "kind"))
    return audit_view.Filter(*given)


def _lines(visits: Visits, form: str, wanted: dict[str, Any]) -> Iterator[str]:
    """Page by page: years of it are never in this process at once."""
    if form == "csv":
        yield audit_view.csv_head()
    write = audit_view.csv_lines if form == "csv" else audit_view.json_lines
    before: int | None = None
    while True:
        found = visits.call("audit.list", {**wanted, "limit": TAKEN, "before": before}, LOOK_SECONDS)
        yield write(found["entries"])
        numbers = [entry["number"] for entry in found["entries"] if entry["number"]]
        if not found["more"] or not numbers:
            return
        before = min(numbers)
