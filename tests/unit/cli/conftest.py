"""The command line is tried against the real server on a real socket."""

import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance import paths
from appliance.control.dispatch import JSON, Method, Peer, Stream
from appliance.control.roles import Role
from appliance.errors import SekishoError
from tests.unit.control.served import in_a_thread

Answer = JSON | SekishoError | list[Any]
Daemon = Callable[..., AbstractContextManager[list[tuple[str, dict[str, Any]]]]]
NO_PAGE = SekishoError("control.no-page", "ページはまだありません。", "There is no page yet.")


def text(ja: str, en: str) -> dict[str, str]:
    return {"ja": ja, "en": en}


def light(name: str, title: dict[str, str], state: str, cause: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "state": state,
        "cause": cause,
        "summary": text(f"{title['ja']}は{cause}です。", f"{title['en']}: {cause}."),
        "advice": text("", ""),
        "since": "2026-11-23T05:00:00Z",
        "evidence_age": 3.4,
        "root": None,
        "parts": [],
    } | more


def status_of(state: str, lights: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "at": "2026-11-23T06:00:12Z",
        "clinic": {"id": "c0001", "name": text("みほん医院", "Sample Clinic")},
        "language": "ja",
        "vendor": {"name": "サンプル商会", "phone": "03-0000-0000"},
        "carrying": None,
        "terminals": [],
        "trial": None,
        "firmware": None,
        "headline": {"state": state, "text": text("", ""), "advice": text("", "")},
        "lights": lights,
    } | more


@pytest.fixture
def broken_line() -> dict[str, Any]:
    """The WAN cable is out: one root cause, two consequences."""
    advice = text("回線のケーブルを差してください。", "Plug the line's cable in.")
    return status_of(
        "failed",
        [
            light(
                "line",
                text("インターネット回線", "Internet line"),
                "failed",
                "line.no-cable",
                summary=text("回線のケーブルが抜けています。", "The line's cable is unplugged."),
                advice=advice,
            ),
            light(
                "tunnel",
                text("データセンターへの経路", "Path to the data center"),
                "failed",
                "tunnel.down",
                root="line",
                evidence_age=181.0,
                parts=[light("dc1", text("主な経路（dc1）", "Main path (dc1)"), "failed", "tunnel.down")],
            ),
            light(
                "engine",
                text("レセコンのサーバー", "Receipt server"),
                "unknown",
                "engine.unreachable",
                root="line",
                evidence_age=None,
            ),
            light(
                "certificates",
                text("電子証明書", "Certificates"),
                "warning",
                "certificates.ending",
                summary=text("電子証明書の期限が近づいています。", "A certificate ends soon."),
                advice=text("サポート会社に電話してください。", "Call your support company."),
                parts=[
                    light(
                        "identity",
                        text("この医院の電子証明書", "This clinic's certificate"),
                        "warning",
                        "certificates.ending",
                        summary=text("あと 9 日です。", "9 days left."),
                        evidence_age=7300.0,
                    )
                ],
            ),
            light("router", text("このルータ", "This router"), "ok", "router.ok"),
        ],
        headline={
            "state": "failed",
            "text": text(
                "レセコンにつながりません。回線のケーブルが抜けています。",
                "The receipt computer cannot be reached. The line's cable is unplugged.",
            ),
            "advice": advice,
        },
    )


@pytest.fixture
def all_well() -> dict[str, Any]:
    parts = [
        light("dc1", text("主な経路（dc1）", "Main path (dc1)"), "ok", "tunnel.ok"),
        light("dc2", text("予備の経路（dc2）", "Spare path (dc2)"), "ok", "tunnel.ok"),
    ]
    return status_of(
        "ok",
        [
            light("line", text("インターネット回線", "Internet line"), "ok", "line.ok"),
            light("tunnel", text("データセンターへの経路", "Path to the data center"), "ok", "tunnel.ok", parts=parts),
        ],
        headline={
            "state": "ok",
            "text": text("レセコンにつながっています。", "The receipt computer is connected."),
            "advice": text("", ""),
        },
        carrying="dc1",
    )


@pytest.fixture
def socket_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the command line looks for the daemon; short, as a unix socket's path must be."""
    with tempfile.TemporaryDirectory(prefix="cli") as directory:
        path = Path(directory) / "api.sock"
        monkeypatch.setattr(paths, "API_SOCKET", path)
        yield path


@pytest.fixture
def daemon(socket_path: Path) -> Daemon:
    """A daemon with canned answers; a SekishoError refuses, a list is what a subscription sends before it ends."""

    @contextmanager
    def run(**answers: Answer) -> Iterator[list[tuple[str, dict[str, Any]]]]:
        asked: list[tuple[str, dict[str, Any]]] = []

        def method(name: str, answer: Answer) -> Method:
            async def handler(params: dict[str, Any], peer: Peer) -> JSON | Stream:
                asked.append((name, params))
                if isinstance(answer, SekishoError):
                    raise answer
                if not isinstance(answer, list):
                    return answer

                async def values() -> AsyncGenerator[JSON, None]:
                    for value in answer:
                        yield value

                return Stream("status", values())

            return Method(handler, frozenset(Role))

        answers = {"page.show": NO_PAGE, **answers}
        called = {(name if "." in name else name.replace("_", ".")): answer for name, answer in answers.items()}
        methods = {name: method(name, answer) for name, answer in called.items()}
        with in_a_thread(socket_path, methods):
            yield asked

    return run
