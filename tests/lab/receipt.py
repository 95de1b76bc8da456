"""What the receipt engine says: its JSON-RPC, API and print data as the real client asks for them.

Pure: a request in, a value out; TLS, HTTP and the push socket are `engine`'s. A name leads to
several engines and every RPC may meet another one, so a session begun at one is good at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any

Json = Any

RPC_PATH = "/rpc/"
REST_PATH = "/rest/"
PUSH_PATH = "/ws"
API_PATH = "/api/api01rv2/acceptlstv2"
BLOB_PATH = "/blobapi/"

_SCREEN = """\
<?xml version="1.0" encoding="UTF-8"?>
<GTK-Interface><widget><class>GtkWindow</class><name>%s</name><title>%s</title></widget></GTK-Interface>
"""
_LARGEST_BLOB = 1 << 30
_NUMBER = re.compile("[0-9]{1,10}")


class RpcError(Exception):
    """A JSON-RPC 2.0 error object."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReceiptEngine:
    """One engine. cluster_key: the same for all. `publish` is called with every event for the push sockets."""

    def __init__(self, name: str, cluster_key: str, publish: Callable[[Json], None]) -> None:
        self.name = name
        self._key = cluster_key.encode()
        self._publish = publish
        self._ended: set[str] = set()

    def rpc(self, request: Json, base: str) -> Json:
        """Answer one JSON-RPC request object. base: ``https://host[:port]`` under which the client reached us."""
        if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
            return _error(None, RpcError(-32600, "Invalid Request"))
        method, params = request.get("method"), _object(request.get("params"))
        try:
            if method == "get_server_info":
                result: Json = {"protocol_version": "1.6.4", "application_version": self.name, "server_type": "ginbee"}
            elif method == "start_session":
                result = self._start_session(params, base)
            else:
                result = self._in_session(str(method), params)
        except RpcError as error:
            return _error(request.get("id"), error)
        return {"jsonrpc": "2.0", "id": request.get("id"), "result": result}

    def _start_session(self, params: Json, base: str) -> Json:
        if not _object(params.get("meta")).get("client_version"):
            raise RpcError(-32602, "params.meta.client_version is missing")
        nonce = secrets.token_hex(16)
        session = nonce + self._seal(nonce)
        return {
            "meta": {"session_id": session, "tenant_id": "1", "group_id": "1"},
            "app_rpc_endpoint_uri": base + RPC_PATH,
            "app_rest_api_uri_root": base + REST_PATH,
            "pusher_uri": base.replace("https", "wss", 1) + PUSH_PATH,
            "startup_message": "",
        }

    def _seal(self, nonce: str) -> str:
        return hmac.new(self._key, nonce.encode(), hashlib.sha256).hexdigest()

    def _is_session(self, session: str) -> bool:
        return (
            hmac.compare_digest(self._seal(session[:32]).encode(), session[32:].encode()) and session not in self._ended
        )

    def _in_session(self, method: str, params: Json) -> Json:
        session = str(_object(params.get("meta")).get("session_id"))
        if not self._is_session(session):
            raise RpcError(-20003, "no such session")
        match method:
            case "get_window":
                return _window("menu", session)
            case "get_screen_define":
                window = str(params.get("window", "menu"))
                return {"screen_define": _SCREEN % (window, window), "meta": {"session_id": session}}
            case "send_event":
                data_id = f"receipt-{secrets.randbelow(10**9)}"
                self._publish({"event": "print_data", "body": {"Data_Id": data_id}})
                return _window("patient", session)
            case "list_downloads":
                return []
            case "get_message":
                return {"abort": "", "dialog": "", "popup": "", "meta": {"session_id": session}}
            case "end_session":
                self._ended.add(session)
                return {"meta": {"session_id": session}}
        raise RpcError(-32601, f"no method {method}")

    def api(self, query: str) -> Json:
        """The list of accepted patients, as the API of the reading type gives it."""
        return {"acceptlstres": {"Api_Result": "00", "Api_Result_Message": "処理終了", "Request_Query": query}}

    def blob(self, path: str) -> bytes | None:
        """Print data. ``bytes-N`` is N bytes, for measurements."""
        if path.startswith(BLOB_PATH):
            data_id = path.removeprefix(BLOB_PATH)
        else:
            sessions, session, blob, data_id = ([*path.removeprefix(REST_PATH).split("/"), "", "", ""])[:4]
            if (sessions, blob) != ("sessions", "blob") or not self._is_session(session):
                return None
        kind, _, number = data_id.partition("-")
        if not _NUMBER.fullmatch(number):
            return None
        if kind == "bytes" and int(number) <= _LARGEST_BLOB:
            return bytes(int(number))
        return f"%PDF-1.4 receipt {number}\n".encode() if kind == "receipt" else None


def subscribed(command: Json) -> Json:
    """The answer to a push client's first words."""
    if not isinstance(command, dict) or command.get("command") != "subscribe":
        return {"command": "error", "data": "subscribe first"}
    return {"command": "subscribed", "req.id": command.get("req.id"), "sub.id": secrets.token_hex(8)}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _window(name: str, session: str) -> Json:
    return {
        "window_data": {
            "focused_window": name,
            "focused_widget": f"{name}.entry",
            "windows": [{"put_type": "new", "window": name, "screen_data": {}}],
        },
        "meta": {"session_id": session},
    }


def _error(request_id: Json, error: RpcError) -> Json:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": error.code, "message": str(error)}}
