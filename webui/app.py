"""The application: its pages, and what holds for every answer. What a page shows is its own part (`webui.pages`)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException

from appliance.errors import SekishoError
from webui import secure
from webui.csrf import Forms, Refused
from webui.feed import Client
from webui.language import ONE_YEAR
from webui.pages import access, audit, diagnose, firmware, maintenance, past, people, settings, setup, status, terminals
from webui.pages.leaf import Leaf
from webui.rate import Limiter
from webui.visit import Visits, address
from webui.words.status import FORM_REFUSED

SECURITY_HEADERS: dict[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": a form would then not say where it comes from (Fetch Standard, section 3.2).
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(client_factory: Callable[[], Client]) -> Flask:
    """client_factory: makes a client of the local API (`appliance.control.client.Client`)."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    versions = {path.name: _version(path) for path in Path(app.static_folder or "").iterdir()}
    app.jinja_env.globals["asset"] = lambda file: url_for("static", filename=file, v=versions[file])
    visits = Visits(client_factory)
    forms = Forms(visits)
    leaf = Leaf(visits, forms.token)
    page, told = status.Page(app.jinja_env), past.Past(app.jinja_env)
    app.register_blueprint(status.blueprint(client_factory, page, told, forms.token))
    app.register_blueprint(past.blueprint(client_factory, told))
    app.register_blueprint(access.blueprint(visits, leaf))
    app.register_blueprint(people.blueprint(visits, leaf))
    app.register_blueprint(setup.blueprint(visits, leaf))
    app.register_blueprint(settings.blueprint(visits, leaf))
    app.register_blueprint(diagnose.blueprint(visits, leaf))
    app.register_blueprint(firmware.blueprint(visits, leaf))
    app.register_blueprint(audit.blueprint(visits, leaf))
    limiter = Limiter()

    def tell(why: SekishoError, code: int = 409) -> Response:
        return page.whole(client_factory(), told, forms.token(), why, code)

    app.register_blueprint(terminals.blueprint(visits, client_factory, tell))
    app.register_blueprint(maintenance.blueprint(visits, tell))

    @app.before_request
    def read() -> None:
        if isinstance(request.routing_exception, BadRequest):
            # A host that is no name: no address of ours can be made for it, not even for the page that refuses.
            raise request.routing_exception
        try:
            request.query_string.decode()
        except UnicodeDecodeError:
            # Whoever asks for the arguments would fall over this.
            raise BadRequest from None

    @app.before_request
    def slow_down() -> Response | None:
        if request.method != "POST" or request.blueprint not in ("access", "people"):
            return None
        seconds = limiter.take(address(), time.monotonic())
        return leaf.too_often(seconds) if seconds else None

    forms.protect(app)
    app.after_request(visits.remember)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        if secure.is_vouched(request.environ):
            response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
        if request.endpoint == "static" and response.status_code == 200 and "v" in request.args:
            response.headers["Cache-Control"] = f"max-age={ONE_YEAR}, immutable"
        else:
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(Refused)
    def refuse_form(_: Refused) -> Response:
        return tell(SekishoError("page.form-refused", FORM_REFUSED.ja, FORM_REFUSED.en), 403)

    @app.errorhandler(SekishoError)
    def silent(error: SekishoError) -> Response:
        return leaf.silent(error)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")

    return app


def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
