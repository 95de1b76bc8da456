"""The firmware's update by hand, from a memory stick or the data center, for those who may."""

from __future__ import annotations

from flask import Blueprint, Response, request

from appliance.errors import SekishoError
from webui.pages import firmware_view
from webui.pages.leaf import Leaf
from webui.visit import Visits, go_to
from webui.words.firmware import WORDS

PLACE = "/firmware"
UPDATERS = ("vendor", "datacenter")
LOOK_SECONDS = 10.0
TAKE_SECONDS = 75.0
"""The data center is asked, or a stick is read, and what is found is verified."""


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    routes = Blueprint("firmware", __name__, url_prefix=PLACE)

    @routes.get("")
    @visits.needs(*UPDATERS)
    def show() -> Response:
        said = request.args.get("said", "")
        return page(said=said if said in ("taken", "nothing_newer") else "")

    @routes.post("")
    @visits.needs(*UPDATERS)
    def begin() -> Response:
        now = request.form.get("when") == "now"
        source = request.form.get("source", firmware_view.DATA_CENTER)
        try:
            if source == firmware_view.DATA_CENTER:
                told = visits.call("firmware.fetch", {"now": now}, TAKE_SECONDS)
            else:
                told = visits.call("firmware.install", {"path": source, "now": now}, TAKE_SECONDS)
        except SekishoError as error:
            return page(error)
        return go_to(f"{PLACE}?said={'taken' if 'offered' in told else 'nothing_newer'}")

    def page(error: SekishoError | None = None, said: str = "") -> Response:
        language, who = leaf.language(), visits.who()
        # Whoever sits before the router can plug something in.
        is_here = who is not None and who.role == "vendor"
        files = visits.call("sticks.list", {}, LOOK_SECONDS)["files"] if is_here else []
        return leaf.page(
            "firmware/page.html",
            "firmware_title",
            error,
            409 if error else 200,
            said=said,
            words=WORDS,
            firmware=firmware_view.shown(visits.call("firmware.show", {}, LOOK_SECONDS), language),
            choices=firmware_view.choices(files, language),
            is_here=is_here,
            switch="" if request.method == "POST" else f"{PLACE}?",
        )

    return routes
