"""Every version of the settings: who put it there, what it changed, and the way back to it, on trial first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from appliance.errors import SekishoError
from appliance.text import JAPAN, Text
from webui.pages import settings_view, trial_view
from webui.pages.leaf import Leaf
from webui.visit import Visits, go_to
from webui.words.settings import WORDS

LOOK_SECONDS, CHANGE_SECONDS = 60.0, 120.0
READERS, CHANGERS = ("vendor", "datacenter"), ("vendor",)
HOME = "/settings"
_GONE = (WORDS["gone"].ja, WORDS["gone"].en)


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    pages = Settings(visits, leaf)
    routes = Blueprint("settings", __name__, url_prefix=HOME)

    @routes.get("")
    @visits.needs(*READERS)
    def listing() -> Response:
        return pages.listing()

    @routes.get("/<int:number>")
    @visits.needs(*READERS)
    def version(number: int) -> Response:
        return pages.version(number)

    @routes.post("/<int:number>/return")
    @visits.needs(*CHANGERS)
    def bring_back(number: int) -> Response:
        # The word that it answers is for a console: from here only another log-in can confirm.
        wanted = {"version": number, "seconds": trial_view.seconds(request.form.get("minutes", ""))}
        try:
            begun = visits.call("site.try", wanted, CHANGE_SECONDS)
        except SekishoError as error:
            return pages.version(number, error)
        if begun["version"] is None:
            return pages.listing(said="nothing_to_try")
        return go_to(HOME)

    @routes.post("/confirm")
    @visits.needs(*CHANGERS)
    def confirm() -> Response:
        return pages.decide("site.confirm", "confirmed")

    @routes.post("/cancel")
    @visits.needs(*CHANGERS)
    def cancel() -> Response:
        return pages.decide("site.cancel", "cancelled")

    return routes


class Settings:
    def __init__(self, visits: Visits, leaf: Leaf) -> None:
        self._visits = visits
        self._leaf = leaf

    def listing(self, error: SekishoError | None = None, said: str = "", code: int = 409) -> Response:
        language = self._leaf.language()
        trial = trial_view.running(self._visits.call("site.trial", {}, LOOK_SECONDS), HOME, language)
        # The script reads the page anew while a trial runs, which would send a form again.
        script = "setup.js" if trial and request.method == "GET" else ""
        return self._page(
            "list",
            WORDS["settings_title"],
            HOME,
            error,
            code,
            said,
            trial=trial,
            versions=self._versions(),
            script=script,
        )

    def version(self, number: int, error: SekishoError | None = None) -> Response:
        found = self._versions()
        version = settings_view.chosen(found, number)
        if version is None:
            gone = SekishoError("history.no-such-version", *(text.format(number=number) for text in _GONE))
            return self.listing(error or gone, code=404)
        other = request.args.get("with", type=int, default=settings_view.before(found, number))
        return self._page(
            "version",
            Text(WORDS["version"].ja.format(number=number), WORDS["version"].en.format(number=number)),
            f"{HOME}/{number}",
            error,
            version=version,
            others=[one for one in found if one.number != number],
            other=other,
            changed=None if other is None else self._difference(other, number),
            back=None if version.in_force else self._difference(None, number),
        )

    def decide(self, method: str, said: str) -> Response:
        try:
            self._visits.call(method, {}, CHANGE_SECONDS)
        except SekishoError as error:
            return self.listing(error)
        return self.listing(said=said)

    def _versions(self) -> tuple[settings_view.Version, ...]:
        document = self._visits.call("site.history", {}, LOOK_SECONDS)
        return settings_view.versions(document, datetime.now(JAPAN), self._leaf.language())

    def _difference(self, before: int | None, after: int) -> trial_view.Difference | str:
        """before None: what is in force. A sentence where that cannot be told any more."""
        language = self._leaf.language()
        try:
            told = self._visits.call("site.diff", {"before": before, "after": after}, CHANGE_SECONDS)
        except SekishoError as error:
            return error.text.in_language(language)
        return trial_view.difference(told, language)

    def _page(
        self,
        template: str,
        title: Text,
        place: str,
        error: SekishoError | None = None,
        code: int = 409,
        said: str = "",
        **more: Any,
    ) -> Response:
        """code: of a page that says why something was not done."""
        who = self._visits.who()
        words: Mapping[str, Text] = {**trial_view.WORDS, **WORDS, "here": title}
        return self._leaf.page(
            f"settings/{template}.html",
            "here",
            error,
            code if error else 200,
            said=said,
            words=words,
            may=who is not None and who.role in CHANGERS,
            switch="" if request.method == "POST" else f"{place}?",
            **more,
        )
