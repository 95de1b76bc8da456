"""One sheet of paper for the pages of those who log in: layout, words, the form's token, and who sits there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flask import Response, render_template

from appliance.errors import SekishoError
from appliance.text import Language, Text
from webui.language import chosen, remember
from webui.pages import access_view
from webui.visit import Visits, Who
from webui.words import in_language
from webui.words.access import WORDS


class Leaf:
    """form_token: see `webui.csrf`."""

    def __init__(self, visits: Visits, form_token: Callable[[], str]) -> None:
        self._visits = visits
        self._form_token = form_token

    def language(self) -> Language:
        return chosen()

    def page(
        self,
        template: str,
        title: str,
        error: SekishoError | None = None,
        code: int = 200,
        notice: str = "",
        said: str = "",
        words: Mapping[str, Text] = MappingProxyType({}),
        **more: Any,
    ) -> Response:
        """title, notice, said: names of words. words: those of the page, beside the sheet's own. error: why something
        was not done. switch: where a link to the other language leads, without the parameter; none for what was sent.
        """
        language = self.language()
        w = in_language({**WORDS, **words}, language)
        who = self._who()
        shown = error.text.in_language(language) if error else w.get(notice, "")
        given = {"switch": "", "script": "", **more}
        body = render_template(
            template, title=w[title], notice=shown, said=w.get(said, ""), w=w, lang=language, who=who,
            role=access_view.role(who.role, language) if who else "", token=self._form_token(), **given,
        )  # fmt: skip
        return remember(Response(body, code, mimetype="text/html"))

    def message(self, title: str, notice: str, code: int) -> Response:
        return self.page("access/message.html", title, None, code, notice=notice, next="/")

    def too_often(self, seconds: float) -> Response:
        text = WORDS["too_often"]
        wait = int(seconds) + 1
        error = SekishoError("page.too-often", text.ja.format(seconds=wait), text.en.format(seconds=wait))
        response = self.page("access/message.html", "refused_title", error, 429, next="/login")
        response.headers["Retry-After"] = str(wait)
        return response

    def silent(self, error: SekishoError) -> Response:
        """The daemon does not answer, or refuses what the page did not expect to be refused."""
        return self.page("access/message.html", "silent_title", error, 503, next="/")

    def _who(self) -> Who | None:
        """None too while the daemon does not answer: then the page says that."""
        try:
            return self._visits.who()
        except SekishoError:
            return None
