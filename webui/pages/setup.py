"""The wizard: from a router out of its box to a signed report. Every step writes a part of the settings' file.

Nothing is in force before the trial, and nothing stays that nobody has confirmed over the new settings.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from appliance.errors import SekishoError
from webui.pages import setup_forms, setup_view, trial_view
from webui.pages.leaf import Leaf
from webui.pages.setup_view import Document, Group
from webui.pages.trial_view import WORDS
from webui.visit import Visits, go_to

LARGEST_ACCOUNT = 1024 * 1024
"""Bytes of an account's file: more is not read."""
LOOK_SECONDS = 60.0
"""Also of what a process of its own reads anew each time, settings and account: a small machine takes its time."""
CHANGE_SECONDS = 120.0
REPORT_SECONDS = 90.0
VENDOR = ("vendor",)
REFUSED = 422
"""What was typed is understood and cannot be used (RFC 9110 section 15.5.21)."""
_INTROS = {"wan": "wan_intro", "lan": "lan_intro", "vendor": "vendor_intro", "update": "update_intro"}


def blueprint(visits: Visits, leaf: Leaf) -> Blueprint:
    wizard = Wizard(visits, leaf)
    routes = Blueprint("setup", __name__, url_prefix="/setup")

    @routes.get("/")
    @visits.needs(*VENDOR)
    def begin() -> Response:
        return go_to(f"/setup/{wizard.first_open()}")

    @routes.get("/account")
    @visits.needs(*VENDOR)
    def account() -> Response:
        return wizard.account()

    @routes.post("/account")
    @visits.needs(*VENDOR)
    def take_account() -> Response:
        file, stick = request.files.get("file"), request.form.get("stick")
        data = file.read(LARGEST_ACCOUNT + 1) if file else b""
        given = {"path": stick} if stick else {"file": base64.b64encode(data).decode("ascii")}
        try:
            visits.call("account.import", {**given, "code": request.form.get("code", "")}, CHANGE_SECONDS)
        except SekishoError as error:
            return wizard.account(error, stick)
        return go_to("/setup/wan")

    @routes.get("/<any(wan, lan, vendor, update):section>")
    @visits.needs(*VENDOR)
    def section(section: str) -> Response:
        return wizard.section(section, wizard.draft())

    @routes.get("/terminals")
    @visits.needs(*VENDOR)
    def terminals() -> Response:
        return wizard.terminals(wizard.draft())

    @routes.post("/<any(wan, lan, terminals, vendor, update):section>")
    @visits.needs(*VENDOR)
    def write(section: str) -> Response:
        return wizard.write(section)

    @routes.post("/wan/find")
    @visits.needs(*VENDOR)
    def find() -> Response:
        draft, port = wizard.draft(), request.form.get("interface", "")
        draft = setup_view.instead(draft, "wan", {"interface": port})
        try:
            finding = visits.call("line.find", {"interface": port}, LOOK_SECONDS)
        except SekishoError as error:
            return wizard.section("wan", draft, error=error)
        return wizard.section("wan", draft, finding=finding)

    @routes.post("/wan/use")
    @visits.needs(*VENDOR)
    def use() -> Response:
        proposed = setup_forms.proposed_line(request.form.get("toml", ""))
        return wizard.section("wan", setup_view.instead(wizard.draft(), "wan", proposed))

    @routes.post("/terminals/find")
    @visits.needs(*VENDOR)
    def find_terminals() -> Response:
        draft = wizard.draft()
        try:
            found = visits.call("lan.machines", {}, LOOK_SECONDS)["machines"]
        except SekishoError as error:
            return wizard.terminals(draft, error=error)
        return wizard.terminals(draft, found)

    @routes.get("/try")
    @visits.needs(*VENDOR)
    def trial() -> Response:
        return wizard.trial()

    @routes.post("/try")
    @visits.needs(*VENDOR)
    def try_out() -> Response:
        # The word that it answers is for a console: from here only another log-in can confirm.
        return wizard.change("site.try", "try", {"seconds": trial_view.seconds(request.form.get("minutes", ""))})

    @routes.post("/confirm")
    @visits.needs(*VENDOR)
    def confirm() -> Response:
        return wizard.change("site.confirm", "report")

    @routes.post("/cancel")
    @visits.needs(*VENDOR)
    def cancel() -> Response:
        return wizard.change("site.cancel", "try")

    @routes.get("/report")
    @visits.needs(*VENDOR)
    def report() -> Response:
        return wizard.report()

    @routes.post("/report")
    @visits.needs(*VENDOR)
    def make_report() -> Response:
        try:
            made = visits.call("report.make", {"language": request.form.get("language", "")}, REPORT_SECONDS)
        except SekishoError as error:
            return wizard.report(error)
        name = f'attachment; filename="sekisho-report-{made["number"]}.pdf"'
        pdf = base64.b64decode(made["pdf"])
        return Response(pdf, mimetype="application/pdf", headers={"Content-Disposition": name})

    return routes


class Wizard:
    """What the steps share: the local API, asked by whoever sits there, and the sheet that they are printed on."""

    def __init__(self, visits: Visits, leaf: Leaf) -> None:
        self._visits = visits
        self._leaf = leaf

    def draft(self) -> Document:
        draft: Document = self._visits.call("site.draft", {}, LOOK_SECONDS)
        return draft

    def first_open(self) -> str:
        """Name of the first step that is not done."""
        return next((step.name for step in self._steps(self.draft(), "") if step.state != "done"), "report")

    def account(self, error: SekishoError | None = None, chosen: str | None = None) -> Response:
        """chosen: see `setup_view.account_files`."""
        files = self._visits.call("sticks.list", {}, LOOK_SECONDS)["files"]
        choice = setup_view.account_files(files, chosen, self._leaf.language())
        return self.page("account", error=error, files=choice)

    def write(self, section: str) -> Response:
        draft = self.draft()
        typed = setup_forms.SECTIONS[section](request.form, setup_view.written(draft, section))
        given = {"section": section, "value": typed, "revision": request.form.get("revision", "")}
        password = request.form.get(setup_forms.LINE_PASSWORD, "")
        try:
            answered = self._visits.call("site.edit", given, LOOK_SECONDS)
            if answered["written"] and password and isinstance(typed, dict) and typed.get("kind") == "pppoe":
                self._visits.call("line.password", {"line": section, "password": password}, CHANGE_SECONDS)
        except SekishoError as error:
            # What was typed is shown again, over what is written by now.
            typed_over = setup_view.instead(draft, section, typed)
            if section == "terminals":
                return self.terminals(typed_over, error=error)
            return self.section(section, typed_over, error=error)
        if answered["written"]:
            return go_to(f"/setup/{setup_view.following(section)}")
        return self.terminals(answered) if section == "terminals" else self.section(section, answered)

    def section(
        self, section: str, draft: Document, finding: Document | None = None, error: SekishoError | None = None
    ) -> Response:
        language = self._leaf.language()
        forms: Mapping[str, Callable[[], tuple[Group, ...]]] = {
            "wan": lambda: setup_view.line_form(draft, self._ports(), language),
            "lan": lambda: setup_view.lan_form(draft, self._ports(), language),
            "vendor": lambda: setup_view.vendor_form(draft, language),
            "update": lambda: setup_view.update_form(draft, language),
        }
        form = forms[section]()
        shown = [field for group in form for field in group.fields]
        return self.page(
            section,
            "section",
            draft,
            error,
            section=section,
            intro=WORDS[_INTROS[section]].in_language(language),
            form=form,
            finding=finding,
            others=setup_view.other_problems(draft, section, shown, language),
        )

    def terminals(self, draft: Document, found: Sequence[Document] = (), error: SekishoError | None = None) -> Response:
        language = self._leaf.language()
        rows = setup_view.terminal_rows(draft, found, language)
        shown = [field for row in rows for field in row.fields]
        others = setup_view.other_problems(draft, "terminals", shown, language)
        return self.page("terminals", None, draft, error, rows=rows, others=others)

    def trial(self, error: SekishoError | None = None) -> Response:
        language, draft = self._leaf.language(), self.draft()
        trial = trial_view.running(self._visits.call("site.trial", {}, LOOK_SECONDS), "/setup/try", language)
        ready = setup_view.ready_to_try(draft, self._account() is not None)
        changes = trial_view.Difference()
        if trial is None and ready:
            try:
                changes = trial_view.difference(self._visits.call("site.diff", {}, CHANGE_SECONDS), language)
            except SekishoError as refused:
                # Nothing is in force yet that the new settings could differ from.
                fresh = refused.code == "control.no-site"
                changes = trial_view.all_new(draft["toml"]) if fresh else changes
                error = error or (None if fresh else refused)
        address = str(setup_view.table(draft, "lan").get("address", "")).partition("/")[0]
        return self.page(
            "try",
            None,
            draft,
            error,
            trial=trial,
            ready=ready,
            changes=changes,
            reach=f"https://{address}/setup/try",
            moves=request.host.partition(":")[0] != address,
            lamps=tuple(setup_view.lamps(self._visits.call("status"), language)),
            last=setup_view.last_trial(self._visits.call("site.history", {}, LOOK_SECONDS)["versions"], language),
        )

    def report(self, error: SekishoError | None = None) -> Response:
        # Nothing can be reported of a router on which nothing was ever put in force.
        return self.page("report", error=error, at_work=self._visits.call("status")["clinic"] is not None)

    def change(self, method: str, following: str, params: Mapping[str, Any] | None = None) -> Response:
        """Do it, and go on with that step; the page of the trial says why it was refused."""
        try:
            self._visits.call(method, params, CHANGE_SECONDS)
        except SekishoError as error:
            return self.trial(error)
        return go_to(f"/setup/{following}")

    def page(
        self,
        name: str,
        template: str | None = None,
        draft: Document | None = None,
        error: SekishoError | None = None,
        **more: Any,
    ) -> Response:
        draft = draft or self.draft()
        problems = any(problem["section"] == name for problem in draft["problems"]) and name in draft["values"]
        return self._leaf.page(
            f"setup/{template or name}.html",
            f"{name}_title",
            error,
            REFUSED if error or (problems and request.method == "POST") else 200,
            words=WORDS,
            switch="" if request.method == "POST" else f"{request.path}?",
            script="setup.js",
            steps=self._steps(draft, name),
            account=self._account(),
            revision=draft["revision"],
            **more,
        )

    def _steps(self, draft: Document, here: str) -> tuple[setup_view.Step, ...]:
        status = self._visits.call("status")
        # What is on trial works, and is not decided yet.
        green = status["headline"]["state"] in ("ok", "warning") and status["trial"] is None
        return setup_view.steps(draft, self._account() is not None, green, here, self._leaf.language())

    def _ports(self) -> Sequence[Document]:
        ports: Sequence[Document] = self._visits.call("site.ports", {}, LOOK_SECONDS)["ports"]
        return ports

    def _account(self) -> Document | None:
        try:
            account: Document = self._visits.call("account.show", {}, LOOK_SECONDS)
        except SekishoError as error:
            if error.code == "control.no-account":
                return None
            raise
        return account
