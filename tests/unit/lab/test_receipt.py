"""The receipt engine's answers, as the real client needs them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.receipt import PUSH_PATH, ReceiptEngine, subscribed

BASE = "https://engine.example"


class Talk:
    """A client's side of the conversation."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.engine = ReceiptEngine("e1", "shared", self.events.append)
        self.meta: dict[str, str] = {}

    def say(self, method: str, **params: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        answer = self.engine.rpc(request, BASE)
        assert answer["id"] == 7
        return answer

    def log_in(self) -> Any:
        result = self.say("start_session", meta={"client_version": "1"})["result"]
        self.meta = {"session_id": result["meta"]["session_id"]}
        return result


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_whole_session(talk: Talk) -> None:
    assert set(talk.say("get_server_info")["result"]) == {"protocol_version", "application_version", "server_type"}
    started = talk.log_in()
    assert started["pusher_uri"] == f"wss://engine.example{PUSH_PATH}"
    window = talk.say("get_window", meta=talk.meta)["result"]["window_data"]
    assert window["windows"][0]["window"] == window["focused_window"]
    screen = talk.say("get_screen_define", meta=talk.meta, window=window["focused_window"])["result"]
    assert "GTK-Interface" in screen["screen_define"]
    assert "window_data" in talk.say("send_event", meta=talk.meta)["result"]
    assert talk.say("list_downloads", meta=talk.meta)["result"] == []
    assert "popup" in talk.say("get_message", meta=talk.meta)["result"]
    talk.say("end_session", meta=talk.meta)
    assert "error" in talk.say("get_window", meta=talk.meta)


def test_an_event_prints_and_its_data_can_be_fetched(talk: Talk) -> None:
    started = talk.log_in()
    talk.say("send_event", meta=talk.meta)
    data_id = talk.events[0]["body"]["Data_Id"]
    blob = talk.engine.blob(f"/blobapi/{data_id}")
    assert blob is not None
    assert blob.startswith(b"%PDF")
    root = started["app_rest_api_uri_root"].removeprefix(BASE)
    assert talk.engine.blob(f"{root}sessions/{talk.meta['session_id']}/blob/{data_id}") == blob
    assert talk.engine.blob(f"{root}sessions/other/blob/{data_id}") is None


@pytest.mark.parametrize(
    "path",
    ["/", "/blobapi/", "/blobapi/x", "/blobapi/bytes-9999999999", "/blobapi/bytes-" + "9" * 5000, "/rest/sessions"],
)
def test_other_paths_have_no_blob(talk: Talk, path: str) -> None:
    assert talk.engine.blob(path) is None


def test_a_blob_of_a_given_size(talk: Talk) -> None:
    assert talk.engine.blob("/blobapi/bytes-1000") == bytes(1000)


@pytest.mark.parametrize("request_", [None, [], {}, {"jsonrpc": "1.0", "id": 1, "method": "get_server_info"}])
def test_nonsense_is_an_error(talk: Talk, request_: Any) -> None:
    assert talk.engine.rpc(request_, BASE)["error"]["code"] == -32600


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["meta", "session_id", "window"]), inner),
)


@given(st.sampled_from(["start_session", "get_window", "get_screen_define", "send_event", ""]), JSON_VALUES)
def test_any_parameters_get_an_answer(method: str, params: Any) -> None:
    engine = ReceiptEngine("e1", "shared", lambda event: None)
    answer = engine.rpc({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, BASE)
    assert answer["error"]["code"] in (-20003, -32601, -32602)


@given(st.text())
def test_any_path_has_a_blob_or_none(path: str) -> None:
    engine = ReceiptEngine("e1", "shared", lambda event: None)
    for prefix in ("", "/blobapi/", "/rest/sessions/"):
        engine.blob(prefix + path)


def test_nothing_without_a_session(talk: Talk) -> None:
    assert talk.say("get_window")["error"]["code"] == -20003
    assert "error" in talk.say("start_session")
    talk.log_in()
    assert talk.say("no_such", meta=talk.meta)["error"]["code"] == -32601


def test_a_session_is_good_at_every_engine_of_the_cluster(talk: Talk) -> None:
    talk.log_in()
    request = {"jsonrpc": "2.0", "id": 1, "method": "get_window", "params": {"meta": talk.meta}}
    assert "result" in ReceiptEngine("e2", "shared", talk.events.append).rpc(request, BASE)
    assert "error" in ReceiptEngine("e3", "other", talk.events.append).rpc(request, BASE)


def test_a_subscription_echoes_the_request(talk: Talk) -> None:
    answer = subscribed({"command": "subscribe", "req.id": "9", "event": "*"})
    assert (answer["command"], answer["req.id"]) == ("subscribed", "9")
    assert subscribed({"command": "event"})["command"] == "error"
    assert subscribed(None)["command"] == "error"
